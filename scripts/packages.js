// The programs that tests and benchmarks talk to, from Debian packages. Installs what is missing where that is possible (root
// or sudo without a password); whatever stays missing is skipped by name.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'

/** Program → package that has it. */
export const testPrograms = {
  'redis-server': 'redis-server',
  'redis-sentinel': 'redis-sentinel',
  postgres: 'postgresql',
  chromium: 'chromium',
  slapd: 'slapd',
  ldapmodify: 'ldap-utils',
  dnsmasq: 'dnsmasq-base',
  jq: 'jq',
  xmllint: 'libxml2-utils',
  openssl: 'openssl',
}

export const benchPrograms = {
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  caddy: 'caddy',
  h2load: 'nghttp2-client',
  taskset: 'util-linux',
  openssl: 'openssl',
}

/** Folders beside PATH where Debian keeps servers. */
const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  ...['17', '16', '15', '14'].map(v => `/usr/lib/postgresql/${v}/bin`),
]

/** Absolute path of a program, or null. */
export function findProgram(name) {
  for (const folder of [...(process.env.PATH ?? '').split(':'), ...FOLDERS]) {
    const file = `${folder}/${name}`
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}

/** Installs the packages of missing programs. Answers the programs that are missing afterwards. */
export function ensurePrograms(wanted) {
  const missing = () => Object.keys(wanted).filter(program => findProgram(program) === null)
  const packages = [...new Set(missing().map(program => wanted[program]))]
  if (packages.length === 0 || !existsSync('/usr/bin/apt-get')) return missing()
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const run = (...args) => {
    const [command, ...rest] = [...sudo, ...args]
    execFileSync(command, rest, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120']
  // The packages start services of their own on common ports: not wanted here. 101: the policy forbids it (invoke-rc.d).
  const policy = '/usr/sbin/policy-rc.d'
  const ownPolicy = !existsSync(policy)
  try {
    if (ownPolicy) run('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`)
    run(...apt, 'update')
    run(...apt, 'install', '-y', '--no-install-recommends', ...packages)
  } catch {
    // Whatever is missing is named by whoever wanted it.
  } finally {
    if (ownPolicy)
      try {
        run('rm', '-f', policy)
      } catch {}
  }
  return missing()
}
