#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the faults of links and pictures, and fails if it finds one.

A fault is, for example, a target that does not exist, or a picture without alternative text.

check-links.py FOLDER        checks the site that gi-docgen has generated
check-links.py PAGE.md...    checks the pages as a forge, such as GitLab, shows them"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FENCED = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)
CODE = re.compile(r'`[^`]+`')
HEADING = re.compile(r'^#+ (.*)$', re.MULTILINE)
MARKDOWN_LINK = re.compile(r'(!?)\[([^\]]*)\]\(([^)\s]+)\)')
REFERENCE = re.compile(r'\[[a-z]+@[^\]]+\]')


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links = []
        self.pictures = []
        self.unnamed = []
        self.anchors = set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors.add(attrs.get('id') or attrs.get('name'))
        if tag == 'a' and 'href' in attrs:
            self.links.append(attrs['href'])
        if tag == 'img':
            source = attrs.get('src', '')
            self.pictures.append(source)
            if not attrs.get('alt') and not source.startswith('data:'):
                self.unnamed.append(source)


def is_broken(pages, name, link):
    parts = urlsplit(link)
    target = unquote(parts.path) or name

    if parts.scheme or target.startswith('/'):
        return False

    return target not in pages or (parts.fragment and parts.fragment not in pages[target].anchors)


def is_missing(folder, picture):
    parts = urlsplit(picture)

    return not parts.scheme and not (folder / unquote(parts.path)).is_file()


def check_site(folder):
    pages = {path.name: Page(path) for path in folder.glob('*.html')}
    if not pages:
        yield f'{folder} has no pages'

    for name, page in sorted(pages.items()):
        yield from (f'{name}: {link}' for link in page.links if is_broken(pages, name, link))
        yield from (f'{name}: {picture}' for picture in page.pictures
                    if is_missing(folder, picture))
        yield from (f'{name}: {picture}: the picture has no alternative text'
                    for picture in page.unnamed)


def read_prose(path):
    """Returns the text of a page without its fenced code, or None if the path is not a file."""
    return FENCED.sub('', path.read_text(encoding='utf-8')) if path.is_file() else None


def find_anchors(prose):
    """Returns the anchors that a forge and gi-docgen generate alike.

    The anchors can differ for a heading that, without its punctuation, contains several hyphens or
    spaces in a row, because gi-docgen joins them, but not every forge does. Other causes of a
    difference are letters that are not ASCII, which gi-docgen drops or replaces, and two headings
    with the same text, because a forge and gi-docgen number the second one in different ways.
    """
    anchors = [re.sub(r'[^\w\s-]', '', heading.replace('`', '')).strip().lower()
               for heading in HEADING.findall(prose)]
    return {anchor.replace(' ', '-') for anchor in anchors
            if anchors.count(anchor) == 1 and anchor.isascii()
            and not re.search(r'[\s-]{2}', anchor)}


def find_fault(path, folder, is_picture, text, link):
    """Returns the fault of a link in a page, or None.

    A page of the book must not link to files outside the folder of the book, because the site does
    not contain them.
    """
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path

    if is_picture and not text:
        return 'the picture has no alternative text'
    if parts.scheme:
        return None
    if not target.exists():
        return 'no such file'
    if path.parent == folder and target.parent != folder:
        return 'the page is not in the book, so the site does not have it'
    if parts.fragment and parts.fragment not in find_anchors(read_prose(target) or ''):
        return 'no heading has this anchor in all renderers'
    return None


def check_pages(paths):
    folder = Path(__file__).resolve().parent

    for path in (path.resolve() for path in paths):
        prose = read_prose(path)
        if prose.startswith('Title:'):
            yield f'{path.name}: the line “Title:” is for gi-docgen, and site.py adds it'
        # gi-docgen would make a link from a reference such as [enum@State], but a forge shows it as
        # raw text.
        yield from (f'{path.name}: {reference}'
                    for reference in REFERENCE.findall(CODE.sub('', prose)))
        for picture, text, link in MARKDOWN_LINK.findall(prose):
            fault = find_fault(path, folder, bool(picture), text, link)
            if fault:
                yield f'{path.name}: {link}: {fault}'


def main(paths):
    faults = list(check_site(paths[0]) if paths[0].is_dir() else check_pages(paths))
    for fault in faults:
        print(fault)

    return bool(faults)


if __name__ == '__main__':
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
