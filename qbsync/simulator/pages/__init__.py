"""The pages on which a person looks at the companies and changes them."""
