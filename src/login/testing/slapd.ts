/** A directory for tests: OpenLDAP's slapd on free ports, with people and groups, gone with the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../../scripts/packages.js'
import { freePort, makeCertificates } from '../../store/testing/redis-server.ts'
import { holdStill, letGoOn } from '../../store/testing/stand-still.ts'

const slapd: string | null = findProgram('slapd')
const ldapmodify: string | null = findProgram('ldapmodify')
export const slapdMissing: string | false =
  (slapd === null || ldapmodify === null) && 'slapd or ldapmodify is not installed'

export const BASE = 'dc=example,dc=com'
export const ADMIN = { name: `cn=admin,${BASE}`, password: 'secret of the admin' }

export class Slapd {
  readonly port: number
  readonly tlsPort: number
  /** Authority of its certificate, PEM; null without openssl. */
  readonly authority: string | null
  readonly #directory: string
  #child: ChildProcess | null = null
  #output = ''

  private constructor(port: number, tlsPort: number, directory: string, authority: string | null) {
    this.port = port
    this.tlsPort = tlsPort
    this.#directory = directory
    this.authority = authority
  }

  static async start(): Promise<Slapd> {
    const directory = mkdtempSync(join(tmpdir(), 'otoroshi-slapd-'))
    const certificates = makeCertificates(directory)
    const authority = certificates === null ? null : readFileSync(certificates.ca, 'utf8')
    const server = new Slapd(await freePort(), await freePort(), directory, authority)
    writeFileSync(join(directory, 'slapd.conf'), configuration(directory, certificates))
    writeFileSync(join(directory, 'entries.ldif'), ENTRIES)
    execFileSync(slapd!, ['-T', 'add', '-f', 'slapd.conf', '-l', 'entries.ldif'], {
      cwd: directory,
      stdio: 'pipe',
    })
    await server.resume()
    return server
  }

  get url(): string {
    return `ldap://127.0.0.1:${this.port}`
  }

  get tlsUrl(): string {
    return `ldaps://127.0.0.1:${this.tlsPort}`
  }

  /** Starts the process (again). */
  async resume(): Promise<void> {
    const listens = this.authority === null ? this.url : `${this.url} ${this.tlsUrl}`
    const child = spawn(slapd!, ['-f', 'slapd.conf', '-h', listens, '-d', '0'], {
      cwd: this.#directory,
      stdio: 'pipe',
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (this.#output += chunk))
    const until = Date.now() + 60_000
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`slapd did not start: ${this.#output}`)
      await sleep(10)
    }
  }

  /** Changes entries, in LDIF with `changetype`. */
  change(ldif: string): void {
    const args = ['-x', '-H', this.url, '-D', ADMIN.name, '-w', ADMIN.password]
    execFileSync(ldapmodify!, args, { input: ldif, stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Holds it where it is: it answers nothing more until it is let go on. */
  async holdStill(): Promise<void> {
    await holdStill([this.#child!.pid!])
  }

  letGoOn(): void {
    letGoOn([this.#child!.pid!])
  }

  /** Ends the process; its entries stay. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function configuration(directory: string, certificates: ReturnType<typeof makeCertificates>): string {
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson']
  const tls =
    certificates === null
      ? []
      : [
          `TLSCACertificateFile ${certificates.ca}`,
          `TLSCertificateFile ${certificates.cert}`,
          `TLSCertificateKeyFile ${certificates.key}`,
        ]
  return [
    ...schemas.map(name => `include /etc/ldap/schema/${name}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    // Says yes to an empty password, as directories do that are set up carelessly.
    'allow bind_anon_dn',
    ...tls,
    'database mdb',
    'maxsize 16777216',
    `suffix "${BASE}"`,
    `rootdn "${ADMIN.name}"`,
    `rootpw "${ADMIN.password}"`,
    `directory ${directory}`,
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by self read by users search by * none',
    '',
  ].join('\n')
}

interface Person {
  readonly dn: string
  readonly uid: string
  readonly cn: string
  readonly mail?: string
  readonly more?: readonly string[]
}

const person = ({ dn, uid, cn, mail, more = [] }: Person): string =>
  [
    `dn: ${dn}`,
    'objectClass: inetOrgPerson',
    `uid: ${uid}`,
    `cn: ${cn}`,
    'sn: x',
    `userPassword: password of ${uid}`,
    ...(mail === undefined ? [] : [`mail: ${mail}`]),
    ...more,
  ].join('\n')

const group = (name: string, ...members: readonly string[]): string =>
  [
    `dn: cn=${name},ou=groups,${BASE}`,
    'objectClass: groupOfNames',
    `cn: ${name}`,
    ...members.map(m => `member: ${m}`),
  ].join('\n')

const at = (uid: string): string => `uid=${uid},ou=people,${BASE}`
const groupAt = (name: string): string => `cn=${name},ou=groups,${BASE}`

/**
 * ada is in `staff` and, by groups in groups that go in a circle, in `everybody`; bob is in `unique`; cy in `posix` by his uid;
 * two entries have the login `twin`; the names of others hold what filters and names must escape.
 */
const ENTRIES = `${[
  `dn: ${BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example`,
  ...['people', 'groups', 'others'].map(
    ou => `dn: ou=${ou},${BASE}\nobjectClass: organizationalUnit\nou: ${ou}`,
  ),
  person({
    dn: at('ada'),
    uid: 'ada',
    cn: 'Ada: Countess of Lovelace',
    mail: 'ada@example.com',
    more: [
      'description: {"team":"core","url":"http://a:1"}',
      'telephoneNumber: +44 1',
      'telephoneNumber: +44 2',
    ],
  }),
  person({ dn: at('bob'), uid: 'bob', cn: 'Bob', mail: 'bob@example.com' }),
  person({ dn: at('cy'), uid: 'cy', cn: 'Cy', mail: 'cy@example.com' }),
  person({ dn: at('ad'), uid: 'ad', cn: 'Ad', mail: 'ad@example.com' }),
  person({ dn: at('mailless'), uid: 'mailless', cn: 'Nobody' }),
  person({
    dn: `cn=Smith\\, J\\+K (x)*,ou=people,${BASE}`,
    uid: 'odd)(uid=*',
    cn: 'Smith, J+K (x)*',
    mail: 'odd@example.com',
  }),
  person({ dn: `uid=twin,ou=people,${BASE}`, uid: 'twin', cn: 'One', mail: 'one@example.com' }),
  person({ dn: `cn=Other,ou=people,${BASE}`, uid: 'twin', cn: 'Other', mail: 'other@example.com' }),
  person({ dn: `uid=eve,ou=others,${BASE}`, uid: 'eve', cn: 'Eve', mail: 'eve@example.com' }),
  group('staff', at('ada')),
  group('odd', `cn=Smith\\, J\\+K (x)*,ou=people,${BASE}`),
  group('middle', groupAt('staff'), groupAt('everybody')),
  group('everybody', groupAt('middle')),
  `dn: ${groupAt('unique')}\nobjectClass: groupOfUniqueNames\ncn: unique\nuniqueMember: ${at('bob')}`,
  `dn: ${groupAt('posix')}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 1\nmemberUid: cy\nmemberUid: eve`,
].join('\n\n')}\n`
