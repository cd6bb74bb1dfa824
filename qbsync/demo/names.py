"""Names that people, firms and streets have, to draw from. All addresses and numbers are of the reserved kind."""

FIRST = (  # noqa: SIM905
    "Aaron Abigail Adrian Aisha Albert Alejandra Alice Amara Andre Angela Anita Antonio Arthur Beatriz Benjamin Bianca"
    " Brandon Camille Carlos Caroline Cecilia Charles Chloe Christina Clara Cynthia Daniel Darnell David Deborah Dennis"
    " Diana Diego Dolores Dominic Dorothy Edith Eduardo Eleanor Elena Emeka Emily Eric Esther Ethan Eugene Felicia"
    " Fernando Fiona Frances Gabriel George Gloria Grace Gregory Hannah Harold Hassan Heather Helen Henry Hiroshi Ines"
    " Irene Isaac Ivan Jacqueline Jamal James Janet Jerome Joan Joel Jonathan Josephine Joyce Juan Judith Julia Karim"
    " Katherine Keith Kenji Laura Lawrence Leila Leonard Lillian Lorenzo Louise Lucia Malik Marcus Margaret Marisol"
    " Martha Matthew Maya Mei Michelle Miguel Monica Naomi Nathan Nicole Nina Noah Olivia Omar Oscar Pamela Patrick"
    " Paula Peter Priya Rachel Rafael Ramona Raymond Rebecca Ricardo Rosa Russell Ruth Samuel Sandra Sergio Sheila"
    " Simon Sofia Stephen Sunita Susan Sylvia Tamara Terrence Theresa Thomas Tomas Valerie Vanessa Victor Vincent"
    " Virginia Walter Wendy William Xavier Yolanda Yusuf Zoe"
).split()
LAST = (  # noqa: SIM905
    "Abbott Acosta Adeyemi Ahmed Alvarado Andersen Archer Avery Bailey Barnes Becker Bennett Bishop Blackwell Bradford"
    " Brennan Briggs Burke Calderon Campbell Carlson Castillo Chambers Chang Chavez Clarke Coleman Conway Cooper Costa"
    " Crawford Cruz Dalton Delgado Desai Dixon Donovan Doyle Duarte Dunn Eaton Ellison Erickson Espinoza Farrell"
    " Fernandez Fields Fischer Fletcher Flores Foster Fujimoto Gallagher Garrison Gibson Goldberg Gomez Goodwin Grant"
    " Griffith Gupta Hale Hamilton Hansen Harding Hartman Hayes Herrera Hoffman Holloway Horton Hughes Ibrahim Ingram"
    " Iyer Jacobs Jensen Jimenez Kaplan Kaufman Keller Khan Kim Kirby Klein Kowalski Lambert Larson Lawson Levine"
    " Lindgren Lozano Maldonado Marshall Mathis McAllister McDonald McKenzie Medina Mercer Miranda Montgomery Morales"
    " Moreau Nakamura Navarro Newton Nolan Novak Ochoa Okafor Olsen Ortega Osborne Pacheco Parrish Patel Pearson"
    " Petrova Pham Porter Prescott Quinn Ramsey Reyes Rhodes Richter Rivera Romero Rosales Rosen Salazar Santiago"
    " Schmidt Schultz Serrano Shah Shapiro Singh Solomon Sorensen Stafford Sullivan Suzuki Tanaka Thornton Torres Tran"
    " Underwood Valdez Vargas Vasquez Vaughn Wagner Wallace Walsh Watkins Webber Whitaker Winslow Yamamoto Zamora"
).split()
PLACES = (  # noqa: SIM905
    "Alder Amber Anchor Ash Aspen Bayside Beacon Birchwood Bluebird Brookside Canyon Cascade Cedar Clearwater"
    " Cobalt Copper Coral Crescent Driftwood Eastgate Elm Evergreen Fairview Falcon Foxglove Glenwood Golden"
    " Granite Greenfield Harborlight Hawthorn Heritage Highland Hilltop Ironwood Juniper Keystone Lakeside Lantern"
    " Laurel Liberty Linden Magnolia Maplewood Marigold Meadow Millstone Oakridge Olive Orchard Osprey Palmetto"
    " Peachtree Pinecrest Prairie Quarry Redwood Ridgeline Riverbend Rosewood Saffron Sandstone Seabright Sierra"
    " Silverleaf Spruce Stonebridge Summit Sycamore Timber Tidewater Union Valley Vista Walnut Westfield Wildwood"
    " Willow Windmill"
).split()
TRADES = (  # noqa: SIM905
    "Animal Clinic|Architects|Auto Repair|Bakery|Bike Shop|Books|Brewing|Builders|Cabinets|Catering|Chiropractic|Coffee"
    "|Construction|Consulting|Dance Academy|Dental|Design|Electric|Equipment Rental|Farms|Fitness|Flooring|Florist"
    "|Framing|Garden Center|Glass|Grill|Hardware|Heating & Air|Holdings|Home Care|Imports|Insurance|Interiors"
    "|Landscaping|Logistics|Machine Works|Marine|Masonry|Media|Medical Group|Moving|Music School|Optical|Painting"
    "|Pediatrics|Pharmacy|Photography|Plumbing|Pools|Pottery|Preschool|Printing|Properties|Realty|Roofing|Salon"
    "|Security|Signs|Software|Solar|Staffing|Storage|Tile|Towing|Travel|Veterinary|Vineyards|Welding|Window Cleaning"
).split("|")
FORMS = ("LLC", "LLC", "Inc.", "Inc", "Co.", "Corp.", "LLP", "PLLC", "& Sons", "Group", "", "")
VENDORS = (
    "Bright Office Supply", "Cedar Telephone", "City Water & Sewer", "Copy Corner", "Courier Express",
    "Evergreen Janitorial", "Granite Insurance Agency", "Lakeside Parking", "Metro Internet", "Northern Power",
    "Paper & More", "Redwood Property Management", "Secure Shredding", "State Board of Accountancy",
    "Tax Library Online",
)  # fmt: skip
EMPLOYEES = ("Gina Hartwell", "Noel Lane", "Petra Sandoval", "Wesley Obrecht")
STREETS = ("Main Street", "Oak Avenue", "Second Street", "Lake Drive", "Mill Road", "Church Street", "Elm Court")
CITIES = (
    ("Springfield", "IL", "62701"), ("Albany", "NY", "12207"), ("Dayton", "OH", "45402"), ("Madison", "WI", "53703"),
    ("Raleigh", "NC", "27601"), ("Salem", "OR", "97301"), ("Tucson", "AZ", "85701"),
)  # fmt: skip
