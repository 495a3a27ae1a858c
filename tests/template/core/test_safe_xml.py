"""XML from strangers: what defusedxml reads is read alike, and what it refuses is refused alike."""

from xml.etree.ElementTree import ParseError, tostring

import pytest
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from golgoru.core.safe_xml import parse_xml

ACCEPTED = [
    "<a/>",
    '<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>',
    "<a x='1'>t<b>u<!-- c --><c/>v</b><?pi x?>w &amp; &#65; <![CDATA[<x>]]></a>",
    '<a xmlns:n="u"><n:b/></a>',
    "<a>" * 300 + "</a>" * 300,
]
REFUSED = [
    "",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a>&x;</a>",
    "<n:a/>",
    "<n:a/><b></c>",
    "<!DOCTYPE a><a/>",
    "<!DOCTYPE a><a></b>",
    "<a></b><!DOCTYPE a>",
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/x"> %x;]><a/>',
    '<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>',
    '<?xml version="1.0" encoding="nope"?><a/>',
    '<?xml version="1.0" encoding="utf-7"?><a/>',
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_plain_is_read_as_defusedxml_reads_it(text: str) -> None:
    content = text.encode("iso-8859-1")
    assert tostring(parse_xml(content)) == tostring(fromstring(content, forbid_dtd=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("text", REFUSED)
def test_what_declares_or_is_broken_is_refused_as_defusedxml_refuses_it(text: str, encoding: str) -> None:
    raised = (ParseError, DefusedXmlException, LookupError, ValueError)
    content = text.encode(encoding)
    with pytest.raises(raised) as theirs:
        fromstring(content, forbid_dtd=True)
    with pytest.raises(raised) as ours:
        parse_xml(content)
    assert (ours.type, str(ours.value)) == (theirs.type, str(theirs.value))
