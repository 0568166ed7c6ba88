/** Installs what the comparison needs from Debian packages, where that is possible. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const wanted: Readonly<Record<string, string>> = {
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  caddy: 'caddy',
  h2load: 'nghttp2-client',
  taskset: 'util-linux',
}

/** Programs that are there afterwards. */
export function ensurePrograms(): ReadonlySet<string> {
  const missing = Object.keys(wanted).filter(program => !found(program))
  if (missing.length > 0 && existsSync('/usr/bin/apt-get')) {
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    const run = (...args: string[]): void => {
      const [command, ...rest] = [...sudo, ...args]
      execFileSync(command!, rest, {
        stdio: 'ignore',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
    }
    try {
      run('apt-get', 'update', '-q')
      // The packages start services of their own on common ports: not wanted here.
      run(
        'apt-get',
        'install',
        '-y',
        '-q',
        '--no-install-recommends',
        ...missing.map(program => wanted[program]!),
      )
      for (const service of ['nginx', 'haproxy', 'caddy']) stopService(run, service)
    } catch {
      // Whatever is missing is named in the report.
    }
  }
  return new Set(Object.keys(wanted).filter(found))
}

function stopService(run: (...args: string[]) => void, service: string): void {
  try {
    run('service', service, 'stop')
  } catch {
    // It was not started.
  }
}

function found(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .concat('/usr/sbin')
    .some(folder => existsSync(`${folder}/${program}`))
}
