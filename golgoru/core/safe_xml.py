"""XML from strangers: no document type, no entity of its own and nothing external, then the parser of C.

defusedxml's own parser refuses the same, and builds the tree in Python: it takes twice as long.
"""

from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from defusedxml import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden


def parse_xml(content: bytes) -> Element:
    """Return the root element.

    Raises ParseError where it is no XML, DefusedXmlException where it is refused, LookupError or ValueError where its
    encoding is not known.
    """
    _refuse_declarations(content)
    # The same library reads the same bytes again, which declare no entity that it could expand.
    parser = XMLParser()  # noqa: S314
    parser.feed(content)
    root: Element = parser.close()
    return root


def _refuse_declarations(content: bytes) -> None:
    """Read to the end, and raise at the first document type, entity or external reference."""
    guard = expat.ParserCreate(namespace_separator="}")
    guard.StartDoctypeDeclHandler = _forbid_dtd
    guard.EntityDeclHandler = _forbid_entity
    guard.UnparsedEntityDeclHandler = _forbid_unparsed_entity
    guard.ExternalEntityRefHandler = _forbid_external
    try:
        guard.Parse(content, True)
    except expat.ExpatError as error:
        raise ParseError(str(error)) from None


def _forbid_dtd(name: str, system: str | None, public: str | None, has_internal_subset: bool) -> NoReturn:
    del has_internal_subset
    raise DTDForbidden(name, system, public)


def _forbid_entity(
    name: str,
    is_parameter: bool,
    value: str | None,
    base: str | None,
    system: str | None,
    public: str | None,
    notation: str | None,
) -> NoReturn:
    del is_parameter
    raise EntitiesForbidden(name, value, base, system, public, notation)


def _forbid_unparsed_entity(name: str, base: str | None, system: str, public: str | None, notation: str) -> NoReturn:
    raise EntitiesForbidden(name, None, base, system, public, notation)


def _forbid_external(context: str | None, base: str | None, system: str | None, public: str | None) -> NoReturn:
    raise ExternalReferenceForbidden(context, base, system, public)
