"""What English receipts, invoices and forms say; `{fields}` are filled by `matter.filler`."""

from data_engines.tools.matter import templates

GOODS = {
    "grocery": templates(
        """
        Whole Milk 1 gal; 2.49-5.29
        Bananas; 0.49-1.99
        Large Eggs 12 ct; 2.19-6.99
        Sourdough Bread; 2.99-6.49
        Chicken Breast; 4.99-13.99
        Ground Coffee 12oz; 6.99-14.99
        Cheddar Cheese; 3.49-8.99
        Greek Yogurt 4pk; 3.29-6.99
        Orange Juice 64oz; 2.99-6.49
        Olive Oil Ex Virgin; 7.99-19.99
        Basmati Rice 2lb; 3.49-8.99
        Spaghetti No.5; 0.99-3.49
        Tomatoes on Vine; 1.99-4.99
        Romaine Lettuce; 1.49-3.99
        Granola w/ Almonds; 3.99-7.99
        Peanut Butter; 2.79-6.49
        Frozen Pizza; 4.49-9.99
        Sparkling Water 8pk; 3.49-6.99
        Toilet Paper 12 Roll; 7.99-15.99
        Dish Soap; 1.99-4.49
        Dark Chocolate 70%; 2.49-5.99
        Potato Chips BBQ; 2.29-4.99
        Avocado; 0.79-2.49
        Butter Unsalted; 3.49-6.99
        Red Onions 3 lb; 1.99-4.49
        Baby Spinach; 2.49-4.99
        """
    ),
    "cafe": templates(
        """
        Espresso; 2.20-3.80
        Double Espresso; 2.80-4.50
        Cappuccino; 3.50-5.50
        Flat White; 3.60-5.60
        Caffe Latte Large; 4.20-6.20
        Iced Tea; 2.50-4.50
        Hot Chocolate; 3.40-5.40
        Butter Croissant; 2.40-4.20
        Blueberry Muffin; 2.80-4.60
        Avocado Toast; 7.50-13.50
        Caesar Salad; 8.50-15.00
        Club Sandwich; 9.00-16.50
        Fish & Chips; 12.50-19.50
        Margherita Pizza; 10.00-17.50
        Cheeseburger; 9.50-16.50
        French Fries; 3.00-6.50
        Soup of the Day; 5.00-9.00
        Still Water; 1.80-4.00
        House Red Glass; 6.00-11.00
        Draft Beer 0.5L; 4.50-8.00
        Tiramisu; 5.50-9.00
        Kids Menu; 6.00-10.00
        + Extra Shot; 0.50-1.20
        + Oat Milk; 0.40-1.00
        """
    ),
    "hardware": templates(
        """
        Wood Screws 4x40 100pc; 3.29-9.99
        Claw Hammer 16oz; 8.99-24.99
        Masking Tape 1in; 2.49-6.49
        LED Bulb E27 9W; 2.99-8.99
        Paint Roller Set; 6.99-17.99
        Interior Paint 1 gal; 17.99-42.99
        Extension Cord 10ft; 7.99-18.99
        Padlock 40mm; 5.99-16.99
        Sandpaper P120; 0.99-4.99
        Drill Bit Set 13pc; 9.99-29.99
        Garden Hose 50ft; 14.99-39.99
        Work Gloves L; 3.99-12.99
        AA Batteries 8pk; 4.99-12.99
        Duct Tape; 3.99-8.99
        Cable Ties 200mm; 1.99-6.99
        Silicone Sealant; 4.49-10.99
        """
    ),
    "pharmacy": templates(
        """
        Ibuprofen 200mg 24s; 2.49-8.99
        Toothpaste 75ml; 1.49-5.49
        Vitamin C 1000mg; 3.99-12.99
        Hand Cream 100ml; 2.99-9.99
        Plasters Assorted; 1.29-4.99
        Shampoo 250ml; 2.49-8.49
        Cough Syrup; 3.99-10.99
        Sunscreen SPF50; 6.99-17.99
        Cotton Pads 80; 0.99-2.99
        Eye Drops 10ml; 3.49-9.99
        Face Masks 10pk; 2.99-7.99
        Razor Blades 4s; 5.99-14.99
        """
    ),
    "services": templates(
        """
        Website design; 450-2400
        Consulting services; 95-180
        Software license (annual); 99-1200
        Technical support; 65-140
        Translation EN-DE; 80-640
        Photography session; 250-900
        Office cleaning; 120-480
        Printing of brochures; 0.35-2.80
        Hosting, 12 months; 60-360
        Installation on site; 150-750
        Travel expenses; 40-620
        Training workshop; 350-1600
        Copy editing; 45-95
        Server maintenance; 180-960
        Logo redesign; 300-1500
        Legal review; 180-420
        Steel brackets, 90 mm; 2.10-9.80
        Ceramic tiles 30x30; 1.20-6.40
        Oak desk, 160 cm; 320-890
        Toner cartridge black; 38-129
        Network cable Cat 6, 5 m; 4.50-14.90
        Delivery and handling; 15-95
        """
    ),
}
"""What is sold by a trade: a name, and the lowest and the highest price."""
WEIGHED = {"Bananas", "Chicken Breast", "Tomatoes on Vine", "Cheddar Cheese", "Red Onions 3 lb"}
"""Goods that are sold by weight too."""
WEIGHT_UNITS = ("kg", "lb")
SHOPS = {
    "grocery": (
        "{city} Fresh Market",
        "{name} Foods",
        "{company} Grocers",
        "{city} Supermarket",
        "DAILY MART",
    ),
    "cafe": (
        "Cafe {city}",
        "The {city} Diner",
        "Bistro {name}",
        "{name} Coffee House",
        "{city} Bakery & Cafe",
    ),
    "hardware": ("{city} Hardware", "{company}", "{name} Tools & Paint", "{city} Home Centre"),
    "pharmacy": ("{city} Pharmacy", "{name} Drug Store", "{company} Chemists"),
}
LABELS: dict[str, tuple[str, ...]] = {
    "phone": ("Tel: {phone}", "TEL {phone}", "Phone {phone}", "Ph: {phone}", "{phone}"),
    "tax number": ("VAT No. {digits9}", "GST Reg No: {digits9}", "Tax ID: {tin}", "VAT REG GB{digits9}"),
    "title": ("RECEIPT", "TAX INVOICE", "SALES RECEIPT", "Cash Bill", "CUSTOMER COPY"),
    "receipt": ("Receipt", "Receipt No", "Trans #", "Bill No.", "Order", "Invoice No"),
    "cashier": ("Cashier", "Served by", "Operator", "Clerk"),
    "table": ("Reg", "Till", "Terminal", "Store"),
    "date": ("Date", "DATE", "Date/Time"),
    "item": ("Item", "Description", "ITEM", "Product"),
    "quantity": ("Qty", "QTY", "Quantity", "Units"),
    "price": ("Price", "PRICE", "Unit Price", "Rate"),
    "amount": ("Amount", "AMOUNT", "Total", "Amt"),
    "subtotal": ("Subtotal", "SUBTOTAL", "Sub-total", "Sub Total"),
    "discount": ("Discount", "DISCOUNT", "Savings"),
    "tax": ("Tax", "Sales Tax", "TAX", "VAT", "GST"),
    "included": ("VAT incl.", "Incl. VAT", "Tax included", "GST included"),
    "total": ("TOTAL", "Total", "TOTAL DUE", "Amount Due", "Grand Total", "BALANCE DUE"),
    "cash": ("CASH", "Cash", "Cash tendered", "AMT TENDERED"),
    "change": ("CHANGE", "Change", "Change Due"),
    "card": ("VISA", "MASTERCARD", "Debit Card", "AMEX", "Contactless", "Credit Card"),
    "count": ("Items sold", "ITEM COUNT", "No. of items", "# ITEMS SOLD"),
}
CARD_LINES = (
    "Card No. ************{digits4}",
    "Auth Code {digits6}",
    "Ref {digits9}",
    "APPROVED",
    "Entry: CHIP",
)
THANKS = templates(
    """
    Thank you for your visit!
    THANK YOU - PLEASE COME AGAIN
    Thank you for shopping with us
    Have a nice day!
    Goods sold are not returnable.
    Keep this receipt for returns within 30 days.
    Returns accepted within 14 days with receipt.
    Survey: {domain}
    www.{domain}
    Follow us @{user}
    Open Mon-Sat 8am-9pm
    You saved today - join our club!
    * Denotes taxable item
    CUSTOMER COPY
    GST Summary on request
    Tip is not included
    Wi-Fi: {word}{digits4}
    """
)
INVOICE_TITLES = ("INVOICE", "Invoice", "Tax Invoice", "PRO FORMA INVOICE", "Commercial Invoice", "BILL")
INVOICE_META = {
    "number": ("Invoice No.", "Invoice #", "Invoice Number", "No."),
    "date": ("Date", "Invoice Date", "Issued", "Date of issue"),
    "due": ("Due Date", "Payment due", "Due", "Pay by"),
    "order": ("P.O. Number", "Order No.", "Your reference", "Customer ID"),
}
TO = ("Bill To", "BILL TO:", "Invoice to", "Customer", "Sold to:")
SHIP = ("Ship To", "SHIP TO:", "Deliver to", "Delivery address")
ITEM_NUMBERS = ("No.", "#", "Pos.")
BANK_HEADINGS = ("Payment details", "Bank details", "PAYMENT INFORMATION", "Please pay to")
BANK = (
    ("Bank", "{city} Savings Bank"),
    ("Account name", "{sender}"),
    ("Account No.", "{digits9}"),
    ("Sort code", "{sort}"),
    ("IBAN", "{iban}"),
    ("SWIFT/BIC", "{swift}"),
)
TERMS = templates(
    """
    Payment is due within 30 days of the invoice date.
    Please quote the invoice number with your payment.
    Interest of 1.5% per month is charged on late payments.
    Goods remain our property until paid in full.
    Thank you for your business!
    Terms: 2% 10 days, net 30.
    Make all checks payable to {sender}.
    Questions? Write to {email} or call {phone}.
    """
)
FORM_TITLES = templates(
    """
    APPLICATION FORM
    Registration Form
    Patient Information
    Membership Application
    Change of Address
    CUSTOMER FEEDBACK FORM
    Employment Application
    Insurance Claim Form
    Purchase Requisition
    Emergency Contact Form
    Travel Expense Claim
    Event Registration
    Library Card Application
    Equipment Loan Agreement
    """
)
FORM_NOTES = templates(
    """
    Please print clearly in block capitals.
    Fields marked with * are required.
    Complete all sections in black ink.
    Return this form to {company}, {city}.
    Please read the notes overleaf before you fill in this form.
    For office use only
    Tick one box in each row.
    """
)
FORM_NUMBERS = ("Form No. {code}", "FORM {digits4}-A", "Rev. {digits4}", "Page 1 of 2")
SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Personal details",
        (
            ("First name", "{first}"),
            ("Last name", "{last}"),
            ("Full name (please print)", "{name}"),
            ("Date of birth", "{day}"),
            ("Place of birth", "{city}"),
            ("Nationality", "{nation}"),
            ("Passport No.", "{letter2}{digits6}"),
            ("Occupation", "{job}"),
        ),
    ),
    (
        "Contact",
        (
            ("Phone", "{phone}"),
            ("Mobile", "{phone}"),
            ("E-mail", "{email}"),
            ("Contact person", "{name}"),
            ("Emergency phone", "{phone}"),
            ("Fax", "{phone}"),
        ),
    ),
    (
        "Address",
        (
            ("Street", "{street}"),
            ("City", "{city}"),
            ("State", "{letter2}"),
            ("ZIP", "{digits5}"),
            ("Since", "{recent}"),
            ("Country", "{nation}"),
        ),
    ),
    (
        "Employment",
        (
            ("Employer", "{company}"),
            ("Job title", "{job}"),
            ("Supervisor", "{name}"),
            ("Start date", "{recent}"),
            ("Annual salary ($)", "{whole}"),
            ("Employee ID", "{digits6}"),
            ("Work phone", "{phone}"),
        ),
    ),
    (
        "Insurance",
        (
            ("Insured person", "{name}"),
            ("Policy No.", "{digits9}"),
            ("Insurance company", "{company}"),
            ("Group No.", "{digits5}"),
            ("Valid until", "{recent}"),
            ("Relationship", "{relative}"),
        ),
    ),
    (
        "Medical history",
        (
            ("Physician", "Dr. {last}"),
            ("Weight (kg)", "{digits2}"),
            ("Height (cm)", "1{digits2}"),
            ("Last visit", "{recent}"),
            ("Allergies", ""),
            ("Medication", ""),
        ),
    ),
    (
        "Vehicle",
        (
            ("Make", "{last}"),
            ("Registration No.", "{letter2}{digits4}"),
            ("Mileage", "{whole}"),
            ("First registered", "{recent}"),
            ("Owner", "{name}"),
        ),
    ),
    (
        "Payment",
        (
            ("Amount ($)", "{cents}"),
            ("Account holder", "{name}"),
            ("Account number", "{digits9}"),
            ("Bank", "{city} Savings Bank"),
            ("Invoice No.", "{digits6}"),
        ),
    ),
    (
        "For office use only",
        (
            ("Received on", "{recent}"),
            ("Received by", "{name}"),
            ("Approved by", "{name}"),
            ("Reference", "{letter2}-{digits5}"),
            ("Fee paid", "{cents}"),
        ),
    ),
    ("Declaration", (("Signature", ""), ("Date", "{recent}"), ("Name", "{name}"), ("Witness", "{name}"))),
)
"""Headings with labels of blanks and what is written there; nothing where nobody writes in print."""
NATIONS = ("Canada", "Ireland", "Kenya", "Brazil", "Portugal", "New Zealand", "India", "Jamaica", "Norway")
RELATIVES = ("spouse", "self", "mother", "father", "brother", "daughter", "friend")
COMBED = (("ZIP code", "{digits5}"), ("Date of birth (DDMMYYYY)", "{birth8}"), ("Member No.", "{digits9}"))
"""Labels of blanks with a box for each character."""
CHOICES = (
    ("Gender", ("Male", "Female", "Other")),
    ("Title", ("Mr", "Mrs", "Ms", "Dr")),
    ("Marital status", ("Single", "Married", "Divorced", "Widowed")),
    ("Do you smoke?", ("Yes", "No")),
    ("Preferred contact", ("Phone", "E-mail", "Post")),
    ("Payment method", ("Cash", "Check", "Credit card")),
    ("Are you insured?", ("Yes", "No", "Not sure")),
    ("How did you hear about us?", ("Web", "Friend", "Newspaper")),
    ("Size", ("S", "M", "L", "XL")),
    ("Rating", ("Poor", "Fair", "Good", "Excellent")),
    ("Employment", ("Full time", "Part time", "Student")),
)
STATEMENTS = templates(
    """
    I agree to the terms and conditions.
    I have read the privacy notice.
    Please send me the newsletter.
    I certify that the information above is correct.
    I have enclosed a copy of my passport.
    Use my home address for all mail.
    """
)
COLON = ":"
DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %b %Y", "%b %d, %Y", "%m/%d/%y", "%d-%m-%Y")
CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
CURRENCIES = ("$", "$", "$", "£", "€", "")
