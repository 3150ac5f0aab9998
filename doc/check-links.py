#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails where a link within the reference, or to an anchor or a picture in it, leads nowhere.

check-links.py FOLDER"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links = []
        self.pictures = []
        self.anchors = set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors.add(attrs.get('id') or attrs.get('name'))
        if tag == 'a' and 'href' in attrs:
            self.links.append(attrs['href'])
        if tag == 'img':
            self.pictures.append(attrs.get('src', ''))
            if not attrs.get('alt') and not self.pictures[-1].startswith('data:'):
                self.pictures.append(f'{self.pictures[-1]} has no text in its place')


def is_broken(pages, name, link):
    parts = urlsplit(link)
    target = unquote(parts.path) or name

    if parts.scheme or target.startswith('/'):
        return False

    return target not in pages or (parts.fragment and parts.fragment not in pages[target].anchors)


def is_missing(folder, picture):
    parts = urlsplit(picture)

    return not parts.scheme and not (folder / unquote(parts.path)).is_file()


def main(folder):
    pages = {path.name: Page(path) for path in folder.glob('*.html')}
    broken = [(name, link) for name, page in sorted(pages.items()) for link in page.links
              if is_broken(pages, name, link)]
    broken += [(name, picture) for name, page in sorted(pages.items())
               for picture in page.pictures if is_missing(folder, picture)]

    for name, link in broken:
        print(f'{name}: {link}')

    return not pages or bool(broken)


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))
