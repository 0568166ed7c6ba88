/** The proxies that are compared, each as one pinned process in front of the same backend. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'

export interface Peer {
  readonly name: string
  readonly port: number
  readonly child: ChildProcess
  /** Process whose cost counts. */
  readonly pid: number
}

/** A program that could not be started. */
export class PeerFailed extends Error {}

const BODY = 'one kilobyte of an answer, '.repeat(40).slice(0, 1024)

/** The backend: nginx that answers 1 KB at once. Two workers, on any core but the proxy's. */
export function startBackend(folder: string, port: number, core: number): Promise<Peer> {
  const conf = nginxConf(
    folder,
    'backend',
    `server { listen 127.0.0.1:${port} reuseport backlog=4096; keepalive_requests 1000000000; location / { default_type text/plain; return 200 "${BODY}"; } }`,
  )
  return start('backend', port, core, ['nginx', '-c', conf, '-p', folder])
}

/** Files of a certificate, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** `tls`: it speaks HTTPS only. */
export function startNginx(
  folder: string,
  port: number,
  backend: number,
  core: number,
  tls: Certificate | null = null,
): Promise<Peer> {
  const secure = tls === null ? '' : `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};`
  const conf = nginxConf(
    folder,
    `nginx-${port}`,
    `upstream b { server 127.0.0.1:${backend}; keepalive 256; keepalive_requests 1000000000; }
     server { listen 127.0.0.1:${port} ${tls === null ? '' : 'ssl'} backlog=4096; keepalive_requests 1000000000; ${secure}
       location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_pass http://b; } }`,
  )
  return start('nginx', port, core, ['nginx', '-c', conf, '-p', folder], {}, tls !== null)
}

/** `tls`: it speaks HTTPS only. */
export function startHaproxy(
  folder: string,
  port: number,
  backend: number,
  core: number,
  tls: Certificate | null = null,
): Promise<Peer> {
  const conf = join(folder, `haproxy-${port}.cfg`)
  const bundle = join(folder, `haproxy-${port}.pem`)
  if (tls !== null) writeFileSync(bundle, readFileSync(tls.cert, 'utf8') + readFileSync(tls.key, 'utf8'))
  writeFileSync(
    conf,
    `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:${port} ${tls === null ? '' : `ssl crt ${bundle}`}
  default_backend b
backend b
  server s 127.0.0.1:${backend}
`,
  )
  return start('haproxy', port, core, ['haproxy', '-f', conf], {}, tls !== null)
}

export function startCaddy(folder: string, port: number, backend: number, core: number): Promise<Peer> {
  const conf = join(folder, 'Caddyfile')
  writeFileSync(
    conf,
    `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${backend} {
    transport http {
      keepalive_idle_conns_per_host 256
    }
  }
}
`,
  )
  return start('caddy', port, core, ['caddy', 'run', '--config', conf, '--adapter', 'caddyfile'], {
    GOMAXPROCS: '1',
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  })
}

/** The gateway as a user starts it. `more`: further settings. */
export function startGateway(
  folder: string,
  port: number,
  core: number | null,
  threads: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  return start(
    'otoroshi',
    port,
    core,
    [process.execPath, join(import.meta.dirname, '../bin/otoroshi'), 'start'],
    {
      OTOROSHI_PORT: String(port),
      OTOROSHI_HTTPS_PORT: '0',
      OTOROSHI_THREADS: String(threads),
      OTOROSHI_DATA_DIR: join(folder, `data-${port}`),
      OTOROSHI_STORAGE: 'inmemory',
      ...more,
    },
  )
}

export function stop(peer: Peer): Promise<void> {
  return new Promise(resolve => {
    if (peer.child.exitCode !== null || peer.child.signalCode !== null) return resolve()
    peer.child.once('exit', () => resolve())
    peer.child.kill('SIGTERM')
    setTimeout(() => peer.child.kill('SIGKILL'), 3000).unref()
  })
}

function nginxConf(folder: string, name: string, server: string): string {
  const conf = join(folder, `${name}.conf`)
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(
    conf,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/${name}.pid; error_log /dev/null;
events { worker_connections 16384; }
http { access_log off;
  client_body_temp_path ${folder}/${name}/b; proxy_temp_path ${folder}/${name}/p; fastcgi_temp_path ${folder}/${name}/f;
  uwsgi_temp_path ${folder}/${name}/u; scgi_temp_path ${folder}/${name}/s;
  ${server} }
`,
  )
  return conf
}

async function start(
  name: string,
  port: number,
  core: number | null,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  secure = false,
): Promise<Peer> {
  const pinned = core === null ? command : ['taskset', '-c', String(core), ...command]
  const child = spawn(pinned[0]!, pinned.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout!.on('data', chunk => (output = (output + chunk).slice(-4000)))
  child.stderr!.on('data', chunk => (output = (output + chunk).slice(-4000)))
  const until = Date.now() + 10_000
  while (Date.now() < until) {
    if (child.exitCode !== null) break
    if (await answers(port, secure)) return { name, port, child, pid: child.pid! }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  throw new PeerFailed(`${name} did not start: ${output}`)
}

function answers(port: number, secure: boolean): Promise<boolean> {
  return new Promise(resolve => {
    const options = { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false }
    const request = (secure ? https : http).get(options, response => {
      response.resume()
      response.on('end', () => resolve(true))
    })
    request.on('error', () => resolve(false))
  })
}
