#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the Flatpak manifest agrees with the monitor, the build options and the book."""

import json
import re
import shutil
import subprocess
import tempfile

from application import DATA, ID, check_equal, read_keyfile
from common import BUILD, SOURCE, check, check_none, finish, skip
from style import get_files

MANIFEST = SOURCE / 'packaging' / 'flatpak' / f'{ID}.json'
PAGE = SOURCE / 'doc' / 'flatpak.md'


def read_page():
    text = PAGE.read_text(encoding='utf-8')
    return json.loads(re.search(r'^```json\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)[1])


def find_unknown(manifest, options):
    module = next(module for module in manifest['modules'] if module['name'] == 'hb-websocket')
    for argument in module['config-opts']:
        name, value = re.fullmatch('-D(.+?)=(.+)', argument).groups()
        option = options.get(name)
        if option is None:
            yield f'{argument}: the option is unknown'
        elif value not in option.get('choices', ('true', 'false')):
            yield f'{argument}: the value is unknown'


def find_copied(source):
    """Returns .git and the build directories that pages and scripts name, if the manifest copies
    them.

    A manifest cannot have patterns, so it must name each folder to skip.
    """
    texts = (path.read_text(encoding='utf-8') for path in get_files()
             if path.suffix in ('.md', '.py', '.sh') or path.name == 'run')
    folders = {name for text in texts for name in re.findall(r'\b_build[\w-]*', text)}
    return sorted({'.git', *folders} - set(source.get('skip', ())))


def check_with_flatpak_builder():
    # flatpak-builder omits unknown keys from its output.
    name = 'flatpak-builder understands the manifest'
    if not shutil.which('flatpak-builder'):
        skip(name, 'flatpak-builder is missing')
        return

    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run(['flatpak-builder', '--show-manifest', MANIFEST], cwd=scratch,
                                text=True, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    check(result.returncode == 0 and not result.stderr
          and json.loads(result.stdout) == json.loads(MANIFEST.read_text(encoding='utf-8')), name,
          f'{result.stderr}\n{result.stdout}')


def main():
    manifest = json.loads(MANIFEST.read_text(encoding='utf-8'))
    page = read_page()
    options = json.loads((BUILD / 'meson-info' / 'intro-buildoptions.json').read_text('utf-8'))
    options = {option['name']: option for option in options}
    module = manifest['modules'][0]

    check_equal('the manifest has the id of the monitor', {'id': manifest['id'], 'monitor': ID})
    check_equal('the command is the installed program', {
        'command': manifest['command'],
        'Exec': read_keyfile(DATA / f'{ID}.desktop.in')['Exec'],
    })
    check('-Dinstall_monitor=true' in module['config-opts'], 'the manifest installs the monitor')
    check([(MANIFEST.parent / source['path']).resolve() for source in module['sources']]
          == [SOURCE], 'the manifest builds this source', str(module['sources']))
    check_none(find_copied(module['sources'][0]), 'the manifest copies only source files')
    check_none(find_unknown(manifest, options), 'the build has each option of the manifest')
    check_none(find_unknown(page, options), 'the build has each option of the book')
    for key in ('runtime', 'runtime-version', 'sdk'):
        check_equal(f'the book has the same {key}', {
            MANIFEST.name: manifest[key],
            PAGE.name: page[key],
        })
    check(sorted(page['finish-args']) == sorted(manifest['finish-args']),
          'the book has the permissions of the manifest', str(page['finish-args']))
    check_with_flatpak_builder()
    finish()


if __name__ == '__main__':
    main()
