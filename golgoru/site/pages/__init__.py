"""The pages of the site, in the order of their links.

A page is a module here with a pure function `page(*, <tables>, <inputs>) -> Page`, and a template NAME.html.j2 beside
it. As for a stage, the names of the arguments are the wiring. A new page is named in the import and in `PAGES`.
"""

from golgoru.site.pages import balance, duplicates, labels, queue

PAGES = {module.__name__.rpartition(".")[2]: module.page for module in (labels, duplicates, balance, queue)}
