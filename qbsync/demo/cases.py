"""Clients that are hard to match, one of each kind that real firms have. Pure data."""

from qbsync.demo.clients import Client, Documents

HELD_BY_VENDOR = "Baker Street Bakery"
HELD_BY_EMPLOYEE = "Karen Whitfield"
INACTIVE = "Harbor View Dental"
SUB_CUSTOMERS = {
    "Freeman Sporting Goods": ("55 Twin Lane", "0969 Ocean View Road"),
    "Rondonuwu Fruit and Vegi": ("Downtown Stand", "Harvest Market"),
}

CASES = (
    # Written differently, yet the same name: linked
    Client("Margaret O'Brien", there=("Margaret O’Brien",)),
    Client("Nguyen’s “Little” Bakery", "company", there=('Nguyen\'s "Little" Bakery',)),
    Client("Blue  Heron  Landscaping", "company", there=("Blue Heron Landscaping",)),
    Client("MERIDIAN HVAC LLC", "company", there=("Meridian HVAC LLC",)),
    # Characters that trip software up: linked
    Client("Smith & Sons", "company"),
    Client("José García"),
    Client("Zoë Brontë-Müller"),
    Client("李娜 Li Na"),
    Client('D\'Angelo "Dee" Russo'),
    Client("Ray\\Ruth Ellery"),
    Client("100% Organic Farms", "company"),
    Client("Dewey, Cheatham & Howe", "company"),
    Client("A_B Testing Labs", "company"),
    Client("Sørensen / Blake (joint)", "other"),
    Client("Freeman Sporting Goods", "company"),
    Client("Rondonuwu Fruit and Vegi", "company"),
    # A name that QuickBooks cannot hold
    Client("Acme: West", "company", there=("Acme West",)),
    # Two clients of one name
    Client("John Smith"),
    Client("John Smith", there=()),
    # The name is held by someone else, or by something that is no match
    Client(HELD_BY_VENDOR, "company", there=()),
    Client(HELD_BY_EMPLOYEE, there=()),
    Client(INACTIVE, "company", there=()),
    Client("55 Twin Lane", "company", there=()),
    # Two customers to choose from
    Client("O'Neil Roofing", "company", there=("O'Neil Roofing", "O’Neil Roofing")),
    # No customer of the name, but similar ones
    Client("Robert & Linda Johnson", there=("Johnson, Robert and Linda",)),
    Client("Northgate Partners LLC", "company", there=("Northgate Partners, L.L.C.",)),
    Client("Chen Family Trust", "other", there=("The Chen Family Trust", "Chen Family Foundation")),
    Client("Bill Hernandez", there=("William Hernandez",)),
    # Nobody like them in QuickBooks
    Client("Wildflower Yoga Studio", "company", there=()),
    Client("Priscilla Tanqueray", there=()),
    Client("Tumbleweed Tire & Lube", "company", there=()),
    # Left out by the owner
    Client("Hollis Archibald", is_skipped=True),
    Client("Petrichor Perfumes", "company", is_skipped=True),
    Client("Quentin & Sable Marsh", is_skipped=True),
    Client("Lighthouse Mission Church", "other", is_skipped=True, there=()),
    # Not in scope
    Client("Augusta Winterbourne", documents=Documents.BEFORE_SYNC_DATE),
    Client("Old Mill Antiques", "company", documents=Documents.BEFORE_SYNC_DATE),
    Client("Cornelius Vance", documents=Documents.BEFORE_SYNC_DATE),
    Client("Penelope Ashdown", documents=Documents.NONE),
    Client("Marlowe & Finch", "company", documents=Documents.NONE),
    Client("Theodore Lindqvist", documents=Documents.NONE),
    Client("Starling Ventures", "company", documents=Documents.NONE),
    Client("Ida Brightwater", documents=Documents.NONE),
    Client("Clementine Okoro", documents=Documents.NONE),
    Client("Bramble Hill Goat Dairy", "company", documents=Documents.NONE, there=()),
    Client("Estate of Rufus Penhallow", "other", documents=Documents.NONE),
)

NEWCOMER_CASES = (
    Client("Seán O'Connor", there=("Seán O’Connor",)),
    Client("Kettle: Moraine Cabins", "company", there=("Kettle Moraine Cabins",)),
    Client("Lindstrom & Daughters", "company", there=("Lindstrom and Daughters",)),
    Client("Opal Fenwick", there=()),
    Client("Hester Quimby", documents=Documents.NONE),
    Client("Juniper Loop Press", "company", documents=Documents.BEFORE_SYNC_DATE),
)
