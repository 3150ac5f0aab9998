#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the monitor's files for the desktop are valid, and agree with each other.

po/check-translations.py checks their translations.
"""

import configparser
import json
import re
import shutil
from xml.etree import ElementTree

from common import BUILD, SOURCE, check, check_none, finish, run, skip

FOLDER = SOURCE / 'examples' / 'monitor'
DATA = FOLDER / 'data'
BUILT = BUILD / 'examples' / 'monitor' / 'data'

# Remarks of AppStream that cannot be avoided. Versions before APPSTREAM_FIRST do not know the
# element <developer>, and versions after APPSTREAM_LAST may report more remarks.
REMARKS = {
    'cid-contains-uppercase-letter': 'the id is the bus name, whose last part GNOME capitalizes',
}
APPSTREAM_FIRST = (1, 0)
APPSTREAM_LAST = (1, 2)


def find(pattern, path):
    return re.search(pattern, path.read_text(encoding='utf-8'), re.MULTILINE)[1]


def read_keyfile(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text(encoding='utf-8'))
    return dict(parser[parser.sections()[0]])


ID = find(r'#define MONITOR_APPLICATION_ID +"(.+)"', FOLDER / 'monitor-application.h')
RESOURCES = find(r'#define MONITOR_RESOURCES +"(.+)"', FOLDER / 'monitor-application.h')


def get_program():
    """Returns the name of the only program in the monitor's folder, or None."""
    targets = json.loads((BUILD / 'meson-info' / 'intro-targets.json').read_text('utf-8'))
    names = {target['name'] for target in targets if target['type'] == 'executable'
             and target['defined_in'] == str(FOLDER / 'meson.build')}
    return names.pop() if len(names) == 1 else None


def check_equal(name, values):
    """Each key of `values` names the place of its value."""
    check(len(set(values.values())) == 1, name,
          '\n'.join(f'{where}: {value}' for where, value in values.items()))


def check_id(desktop, component, service):
    check_equal('all files have the same id', {
        'monitor-application.h': ID,
        'its resources': RESOURCES.strip('/').replace('/', '.'),
        'data/meson.build': find(r"^monitor_id = '(.+)'", DATA / 'meson.build'),
        'id': component.findtext('id'),
        'launchable': component.findtext('launchable').removesuffix('.desktop'),
        'developer': f'{component.find("developer").get("id")}.{ID.rpartition(".")[2]}',
        'provides dbus': component.findtext('provides/dbus'),
        'Icon': desktop['Icon'],
        'service': service['Name'],
    })
    check_equal('the resources are at the path that the program uses', {
        'monitor-application.h': RESOURCES,
        'monitor.gresource.xml': find(r'prefix="(.+)"', FOLDER / 'monitor.gresource.xml'),
    })
    named = [path.name for path in (*DATA.iterdir(), *(FOLDER / 'icons').rglob('*.*'))]
    check_none((name for name in named
                if name != 'meson.build' and not re.match(rf'{re.escape(ID)}[.-]', name)),
               'the name of each file contains the id')
    icons = {str(path.relative_to(FOLDER / 'icons')) for path in (FOLDER / 'icons').rglob('*.*')}
    check(icons == {f'scalable/apps/{ID}.svg', f'symbolic/apps/{ID}-symbolic.svg'},
          'the application has a coloured and a symbolic icon', str(icons))


def check_program(desktop, component, service):
    page = next(FOLDER.glob('*.1'))
    values = {
        'Exec': desktop['Exec'],
        'StartupWMClass': desktop['StartupWMClass'],
        'provides binary': component.findtext('provides/binary'),
        'service': service['Exec'].removeprefix('@bindir@/').split()[0],
        'manual page': page.stem,
        '.Nm': find(r'^\.Nm (\S+)$', page),
    }
    if get_program():
        values['meson'] = get_program()
    check_equal('all files have the same name of the program', values)
    check(desktop['DBusActivatable'] == 'true'
          and service['Exec'].endswith(' --gapplication-service'),
          'the bus can start the application',
          str(service))


def check_version(component):
    project = json.loads((BUILD / 'meson-info' / 'intro-projectinfo.json').read_text('utf-8'))
    releases = [release.get('version') for release in component.iterfind('releases/release')]
    news = re.findall(r'^hb-websocket (\S+)\n=+$',
                      (SOURCE / 'NEWS').read_text(encoding='utf-8'), re.MULTILINE)

    check(releases == news, 'the metainfo has the releases of NEWS', f'{releases}\n{news}')
    check(releases[0] == project['version'], 'the newest release is the version of the project',
          f'{releases[0]}\n{project["version"]}')


def check_with_appstream(path):
    name = 'AppStream accepts the metainfo'
    if not shutil.which('appstreamcli'):
        skip(name, 'appstreamcli is missing')
        return

    result = run(['appstreamcli', 'validate', '--pedantic', '--no-net', '--no-color', path])
    remarks = re.findall(r'^[EWIP]: .*?: (\S+)', result.stdout, re.MULTILINE)
    version = re.search(r'(\d+)\.(\d+)', run(['appstreamcli', '--version']).stdout)
    is_known = APPSTREAM_FIRST <= tuple(map(int, version.groups())) <= APPSTREAM_LAST
    check(result.returncode == 0 and (not is_known or set(remarks) == REMARKS.keys()), name,
          result.stdout)


def check_with_desktop(path):
    name = 'desktop-file-validate accepts the desktop file'
    if not shutil.which('desktop-file-validate'):
        skip(name, 'desktop-file-validate is missing')
        return

    result = run(['desktop-file-validate', path])
    check(result.returncode == 0 and not result.stdout, name, result.stdout)


def check_built():
    desktop = BUILT / f'{ID}.desktop'
    metainfo = BUILT / f'{ID}.metainfo.xml'
    if not (desktop.exists() and metainfo.exists()):
        skip('the built files', 'built without GTK 4, libadwaita or gettext')
        return

    check_with_desktop(desktop)
    check_with_appstream(metainfo)


def main():
    desktop = read_keyfile(DATA / f'{ID}.desktop.in')
    service = read_keyfile(DATA / f'{ID}.service.in')
    component = ElementTree.parse(DATA / f'{ID}.metainfo.xml.in').getroot()

    check_id(desktop, component, service)
    check_program(desktop, component, service)
    check_version(component)
    check_built()
    finish()


if __name__ == '__main__':
    main()
