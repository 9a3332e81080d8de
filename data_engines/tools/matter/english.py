"""What English documents hold beside prose: templates whose `{fields}` `matter.filler` fills, one a line."""

from data_engines.tools.matter import templates

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NOONS = "AM PM".split()
UNITS = (
    "mm|cm|m|km|g|kg|mg|L|mL|°C|°F|km/h|kWh|W|V|Hz|MHz|GB|MB/s|m²|kg/m³|mg/mL|lb|oz|in.|ft|mph|dB|px|"
    "min|h|psi|kPa"
).split("|")
HEADINGS = (
    "Introduction|Preface|Contents|Background|Methods|Results|Discussion|Conclusion|Summary|"
    "References|Index|Appendix|Installation|Safety|Maintenance|Troubleshooting|Terms and Conditions|"
    "Financial Statements|Acknowledgements|Further Reading|Notes|Frequently Asked Questions|Warranty|"
    "Overview"
).split("|")
LABELS = ("{small}.|{small})|({small})|({letter})|{letter}.|•|-|*|–|{section}|[ ]|[x]").split("|")
DATES = templates(
    r"""
    {d} {month} {y}
    {month} {d}, {y}
    {mon} {d}, {y}
    {d} {mon}. {y}
    {month} {y}
    {mon} {d}
    {y}-{m:02}-{d:02}
    {m:02}/{d:02}/{y}
    {m:02}/{d:02}/{y}
    {d:02}/{m:02}/{y}
    {d:02}/{m:02}/{short:02}
    {d:02}.{m:02}.{y}
    {m}/{d}/{short:02}
    {d}.{m}.{y}
    {weekday}, {month} {d}
    {weekday} {d} {month} {y}
    Q{quarter} {y}
    {y}/{next:02}
    """
)
TIMES = templates(
    r"""
    {h:02}:{min:02}
    {h12}:{min:02} {noon}
    {h12} {noon}
    {h:02}:{min:02}:{s:02}
    {h:02}.{min:02}
    """
)
PRICES = templates(
    r"""
    ${cents}
    ${cents}
    ${whole}
    US${cents}
    €{cents}
    €{whole}
    £{cents}
    £{whole}
    ¥{whole}
    {comma} €
    {comma} EUR
    USD {whole}
    CHF {cents}
    ${tenth} million
    €{tenth} bn
    {whole} kr
    """
)
PHONES = templates(
    r"""
    (###) 555-0###
    ###-555-0###
    +1 ### 555 0###
    +1-###-555-0### x###
    ###.555.0###
    +44 20 7946 0###
    0## #### ####
    +49 30 #######
    +33 1 ## ## ## ##
    1-800-555-0###
    """
)
CODES = templates(
    r"""
    INV-20##-#####
    #########
    ??-####
    ?#?#-##??
    ####-####-####-####
    PO##-#####
    ??#######
    978-#-##-######-#
    DE## #### #### #### #### ##
    192.168.#.##
    ##:##:##
    #.#.##
    ####/##
    """
)
SENTENCES = templates(
    r"""
    On {date}, {company} reported sales of {price}, {percent} more than a year before.
    In {year}, about {percent} of the {integer} visitors came from {city}.
    The parcel weighs {measure} and costs {price} to send to {city}.
    Please reply to {email} by {date}, or call {phone} between {time} and {time}.
    {name} was born in {city} on {date} and has worked as {job} since {year}.
    See Table {small} and Fig. {small} on page {integer}; details are in Section {section}.
    The price rose from {price} to {price} ({percent}) within {small} months.
    Of {integer} samples, {integer} ({percent}) passed the test (p < 0.0{small}; n = {integer}).
    The room is {measure} wide & {measure} long, and the rent is {price}/month.
    {company} ({city}) will pay {price} to {name} no later than {date}.
    The train leaves {city} at {time} and arrives at {time}, platform {small}.
    As {name} [{small}] writes, “{phrase}”.
    Heat to {measure}, add {measure} of water and wait {small}–{integer} min.
    Order #{code} of {date} was shipped to {address}.
    The temperature was {decimal} ± {decimal} °C, i.e. {percent} above the mean of {year}.
    Members pay {price} + {small}% tax; everyone else pays {price}.
    """
)
FIGURES = templates(
    r"""
    {integer}
    {decimal}
    {percent}
    No. {integer}
    {decimal} ± {decimal}
    +{percent}
    -{decimal}
    {small}/{small}
    {small}/{small}/{year}
    {integer} / {integer}
    p. {integer}
    pp. {integer}–{integer}
    ~{integer}
    x{small}
    {small} × {small}
    > {decimal}
    < {percent}
    {year}-{year}
    Page {small} of {integer}
    """
)
PRICED = templates(
    r"""
    {price}
    {price}
    Total: {price}
    Subtotal {price}
    {price} / {unit}
    {small} x {price}
    VAT {small}%: {price}
    From {price} per night
    Save {small}%!
    Balance due: {price}
    -{price}
    {price} + tax
    {phrase} {leader} {price}
    Price: {price}/{unit}
    {small} @ {price}
    Only {price}*
    """
)
DATED = templates(
    r"""
    {date}
    {date}
    {date}, {time}
    {weekday}, {date}
    Due: {date}
    {time}
    Date: {date}
    {time} - {time}
    Open {time} – {time}
    {date} / {date}
    {date} – {date}
    Updated {date} {time}
    © {year} {company}
    """
)
PLACES = templates(
    r"""
    {name}
    {address}
    {address}
    {company}
    {name}, {job}
    {company}, {city}
    Attn: {name}
    Dear {name},
    {company} & Co.
    c/o {name}, {address}
    {name} / {company}
    Name: {name}
    {word}/{word}
    {word}/{word}/{word}
    {phrase} w/ {phrase}
    {city} & {city}
    {name} and/or {name}
    """
)
CONTACTS = templates(
    r"""
    Tel. {phone}
    {url}
    {phone}
    Fax: {phone}
    {email}
    E-mail: {email}
    {url}
    {url}
    @{user}
    {name} <{email}>
    #{word}
    Phone {phone} | {email}
    www.{domain}
    ftp://{domain}/{word}/
    """
)
NUMBERED = templates(
    r"""
    Invoice #{code}
    Order No. {code}
    S/N: {code}
    Ref. {code}
    v{section}
    ISBN {code}
    {code}
    [{small}]
    § {section}
    ({small}, {small})
    #{hex}
    Item {code} | Qty {small}
    ID: {code}
    """
)
MEASURED = templates(
    r"""
    {measure}
    {measure}
    {measure} x {measure}
    Max. {measure}
    {measure} ± {percent}
    {decimal}-{decimal} {unit}
    {word}: {measure}
    ≤ {measure}
    {measure} ({measure})
    """
)
CONTENTS = templates(
    r"""
    {heading} {leader} {integer}
    {section} {heading} {leader} {integer}
    {section} {heading} {integer}
    Chapter {small}: {heading}
    Chapter {small} {heading} {leader} {integer}
    Fig. {section} {phrase}
    {letter}. {heading} {leader} {integer}
    Table {small}. {phrase}
    {heading}, {integer}
    """
)
LISTS = templates(
    r"""
    {label} {phrase}
    {label} {phrase}: {measure}
    {label} {name} ({year})
    {label} {phrase};
    """
)
QUOTATIONS = templates(
    r"""
    “{phrase}”
    ‘{phrase}’
    "{phrase}"
    “{phrase},” said {name}.
    "{phrase}?"
    '{phrase}'
    """
)
CODE = templates(
    r"""
    {word} = {decimal}
    {word}[{small}] += {word}
    if ({word} >= {integer} && {word} != 0) {{
    }} else {{
    for {word} in range({integer}):
    return {word}_{word} * {decimal}
    {word}_{word}({word}_{word}={{'{word}': [{small}]}})
    "{word}_{word}": {{"id": {small}}},
    \begin{{{word}}}[{word}]
    #define {word}_{word} ({small} & 0x{hex})
    # {phrase}
    // {phrase}
    SELECT * FROM {word} WHERE id = {integer};
    $ grep -r "{word}" src/*.c | wc -l
    <{word} id="{small}">
    </{word}>
    {word}: {{{small}, {small}}}
    def {word}(self, {word}=None):
    ~/.config/{word}.txt
    C:\{word}\{word}.exe
    /usr/share/{word}/{word}-{section}.tar.gz
    {word} == {word} || {word} < {small}
    export {word}_{word}={integer}
    f(x) = {small}x^2 + {small}x - {small}
    y = {decimal} * x
    $ ls -l
    """
)
ROWS = templates(
    r"""
    {decimal} | {decimal} | {decimal}
    | {word} | {integer} |
    {phrase}: {integer}
    {code} {phrase} {price}
    {integer} {integer} {integer} {integer}
    {date} {phrase} {price}
    {phrase} {percent} {percent}
    """
)

TEMPLATES = (
    2 * FIGURES + PRICED + 3 * DATED + PLACES + CONTACTS + 2 * NUMBERED + 3 * MEASURED + 2 * CONTENTS
    + 4 * LISTS + 2 * QUOTATIONS + 2 * CODE + ROWS + SENTENCES
)  # fmt: skip
"""All of them, so often that digits and signs come out as in documents."""
