import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { authModule } from '../../../plugin/testing.ts'
import { Attempts } from '../../../identity/attempts.ts'
import { Passwords } from '../../bcrypt/passwords.ts'
import type { Identity, LoginProvider, ProviderServices, StoredCertificate } from '../../contract.ts'
import { fakeVisit } from '../../testing/fake-visit.ts'
import { providerSuite } from '../../testing/provider-suite.ts'
import { ADMIN, BASE, Slapd, slapdMissing } from '../../testing/slapd.ts'
import { ldap } from './ldap.ts'

type Json = Readonly<Record<string, unknown>>

describe('a directory', { skip: slapdMissing }, () => {
  let server: Slapd
  let logged: string[] = []

  before(async () => {
    server = await Slapd.start()
  })
  after(() => server?.remove())

  function services(certificates: Readonly<Record<string, StoredCertificate>> = {}): ProviderServices {
    return {
      passwords: new Passwords(),
      attempts: new Attempts(),
      calls: { send: () => Promise.reject(new Error('nobody is called')) },
      certificate: id => certificates[id] ?? null,
      log: (_level, message) => void logged.push(message),
    }
  }

  function provider(
    more: Json = {},
    certificates: Readonly<Record<string, StoredCertificate>> = {},
  ): LoginProvider {
    logged = []
    const module = authModule({
      id: 'dir',
      type: 'ldap',
      serverUrls: [server.url],
      searchBase: BASE,
      userBase: 'ou=people',
      searchFilter: '(uid=${username})',
      adminUsername: ADMIN.name,
      adminPassword: ADMIN.password,
      nameField: 'cn',
      emailField: 'mail',
      ...more,
    })
    return ldap(module, services(certificates))
  }

  const who = (of: LoginProvider, username: string, password = `password of ${username}`) =>
    of.checkPassword!(username, password)

  async function known(of: LoginProvider, username: string): Promise<Identity> {
    const identity = await who(of, username)
    assert.ok(identity !== null, `${username} is not known: ${logged.join('; ')}`)
    return identity
  }

  providerSuite({
    name: 'ldap',
    provider: () => provider(),
    good: async () => fakeVisit({ method: 'POST', form: { username: 'ada', password: 'password of ada' } }),
    bad: async () =>
      [
        { username: 'ada', password: 'wrong' },
        { username: 'ada', password: 'password of bob' },
        { username: 'nobody', password: 'x' },
        { username: 'eve', password: 'password of eve' },
        { username: 'mailless', password: 'password of mailless' },
      ].map(form => fakeVisit({ method: 'POST', form })),
    who: { name: 'Ada: Countess of Lovelace', email: 'ada@example.com' },
    secrets: [ADMIN.password, 'password of ada'],
  })

  it('says who has a name and a password, each time anew', async () => {
    const one = provider()
    assert.equal((await known(one, 'ada')).email, 'ada@example.com')
    assert.equal(await who(one, 'ada', 'wrong'), null)
    server.change(
      `dn: uid=ada,ou=people,${BASE}\nchangetype: modify\nreplace: userPassword\nuserPassword: another\n`,
    )
    assert.equal(await who(one, 'ada'), null, 'a password that was changed opens nothing')
    assert.equal((await who(one, 'ada', 'another'))?.email, 'ada@example.com')
    server.change(
      `dn: uid=ada,ou=people,${BASE}\nchangetype: modify\nreplace: userPassword\nuserPassword: password of ada\n`,
    )
  })

  it('takes what is typed for a value: no filter, no wildcard, no name', async () => {
    const one = provider()
    for (const username of [
      '*',
      'a*',
      'ada)(objectClass=*',
      'ada)(|(uid=*',
      '*)(uid=*))(|(uid=*',
      'ad\\61',
      'ada\0',
      '\\2a',
      '${username}',
      `uid=ada,ou=people,${BASE}`,
    ])
      assert.equal(await who(one, username, 'password of ada'), null, JSON.stringify(username))
    assert.equal(
      (await known(one, 'odd)(uid=*')).email,
      'odd@example.com',
      'a name of such characters is a name',
    )
  })

  it('takes no empty password, though the server would', async () => {
    assert.equal(await who(provider(), 'ada', ''), null)
    assert.notEqual(await who(provider({ allowEmptyPassword: true }), 'ada', ''), null, 'this server would')
  })

  it('lets nobody in by a login that several have', async () => {
    assert.equal(await who(provider(), 'twin'), null)
    assert.ok(logged.some(line => line.includes('several entries')))
  })

  it('has users below their place only', async () => {
    assert.equal(await who(provider(), 'eve'), null)
    assert.equal((await known(provider({ userBase: null }), 'eve')).email, 'eve@example.com')
  })

  it('whose admin cannot log in lets nobody in and says so in the log, not to the user', async () => {
    const of = provider({ adminPassword: 'wrong secret' })
    await assert.rejects(() => who(of, 'ada'), /Invalid credentials|0x31/)
    await assert.rejects(() => who(provider({ searchFilter: '(uid=${username}' }), 'ada'))
  })

  describe('with groups', () => {
    const filter = (name: string, more: Json = {}) => ({
      group: `(cn=${name})`,
      team: `team-${name}`,
      tenant: 'default:rw',
      ...more,
    })

    it('lets in who is in one of them, by each kind of membership', async () => {
      const groupFilters = ['staff', 'unique', 'posix', 'odd'].map(name => filter(name))
      const of = provider({ groupFilters })
      for (const username of ['ada', 'bob', 'cy', 'odd)(uid=*']) await known(of, username)
      assert.equal(await who(of, 'ad'), null, 'a name that another begins with is not in its groups')
      assert.equal(await who(provider({ userBase: null, groupFilters: [filter('posix')] }), 'eve'), null)
    })

    it('asks groups before passwords, and a missing group holds nobody', async () => {
      assert.equal(await who(provider({ groupFilters: [filter('unique')] }), 'ada'), null)
      assert.ok(logged.some(line => line.includes('not found in group')))
      assert.equal(await who(provider({ groupFilters: [filter('nothing')] }), 'ada'), null)
    })

    it('follows groups in groups when told to, and no circle for ever', async () => {
      const groupFilters = [filter('everybody')]
      assert.equal(await who(provider({ groupFilters }), 'ada'), null)
      await known(provider({ groupFilters, nestedGroups: true }), 'ada')
      assert.equal(await who(provider({ groupFilters, nestedGroups: true }), 'bob'), null)
    })

    it('gives the rights of the groups', async () => {
      const groupFilters = [
        filter('staff', { tenant: 'default:r' }),
        filter('middle', { tenant: 'other' }),
        filter('unique'),
      ]
      const { rights, profile } = await known(provider({ groupFilters, nestedGroups: true }), 'ada')
      const staff = { tenant: 'default:r', teams: ['team-staff:r'] }
      assert.deepEqual(profile['userRights'], [staff, { tenant: 'other', teams: ['team-middle:rw'] }])
      assert.deepEqual(rights, [staff], 'as an administrator those of the organization of the module')
    })

    it('never gives the rights of the module to who is in groups of others only', async () => {
      const groupFilters = [filter('staff', { tenant: 'other:rw' })]
      assert.deepEqual((await known(provider({ groupFilters }), 'ada')).rights, [
        { tenant: 'other:rw', teams: ['team-staff:rw'] },
      ])
    })
  })

  it('gives rights by the settings', async () => {
    const own = { tenant: 'default', teams: ['default'] }
    const all = [{ tenant: '*:rw', teams: ['*:rw'] }]
    const b = { tenant: 'b:r', teams: ['b'] }
    const here = { tenant: 'default:r', teams: ['x'] }
    assert.deepEqual((await known(provider(), 'ada')).rights, [own])
    assert.deepEqual((await known(provider({ superAdmins: true }), 'ada')).rights, all)
    const byName = { groupRights: { some: { rights: [here], users: ['ada@example.com'] } } }
    assert.deepEqual((await known(provider(byName), 'ada')).rights, [own, here])
    assert.deepEqual((await known(provider(byName), 'bob')).rights, [own])
    const over = (rights: readonly Json[]) => ({ rightsOverride: { 'ada@example.com': rights } })
    assert.deepEqual((await known(provider(over([here, b])), 'ada')).rights, [here])
    assert.deepEqual((await known(provider(over([b])), 'ada')).rights, [own])
  })

  it('tells backends what the settings say, whole values', async () => {
    const settings = { metadataField: 'description', extraMetadata: { site: 'x' } }
    const { otoroshiData, profile } = await known(provider(settings), 'ada')
    assert.deepEqual(otoroshiData, { site: 'x', team: 'core', url: 'http://a:1' })
    assert.deepEqual(profile['metadata'], otoroshiData)
    const dataOverride = { 'ada@example.com': { mine: 1 } }
    assert.deepEqual((await known(provider({ ...settings, dataOverride }), 'ada')).otoroshiData, {
      site: 'x',
      mine: 1,
    })
  })

  it('keeps the attributes the settings name, and no password ever', async () => {
    const profileOf = async (more: Json) =>
      (await known(provider(more), 'ada')).profile['ldapProfile'] as Json
    assert.equal(await profileOf({}), undefined)
    const whole = await profileOf({ extractProfile: true })
    assert.deepEqual(whole['telephoneNumber'], ['+44 1', '+44 2'])
    assert.deepEqual([whole['uid'], whole['userPassword']], ['ada', undefined])
    const some = await profileOf({
      extractProfile: true,
      extractProfileFilter: ['.*'],
      extractProfileFilterNot: ['tele.*', 'sn'],
    })
    assert.deepEqual(Object.keys(some).sort(), ['cn', 'description', 'mail', 'objectClass', 'uid'])
    assert.deepEqual(
      await profileOf({ extractProfile: true, extractProfileFilter: ['userPassword', 'uid'] }),
      { uid: 'ada' },
    )
  })

  describe('over TLS', () => {
    const trust = (more: Json = {}) => ({ tlsConfig: { enabled: true, trusted_certs: ['ca'], ...more } })
    const ca = () => ({ ca: { chain: server.authority!, privateKey: '', tenant: 'default' } })
    const name = () => `ldaps://localhost:${server.tlsPort}`
    const start = () => ({ startTls: true, serverUrls: [`ldap://localhost:${server.port}`] })

    it('is believed when an authority that is trusted has signed its name', async t => {
      if (server.authority === null) return t.skip('openssl is not installed')
      await known(provider({ serverUrls: [name()], ...trust() }, ca()), 'ada')
      await known(provider({ ...start(), ...trust() }, ca()), 'ada')
      assert.deepEqual(logged, [], 'nothing in clear')
    })

    it('is not believed otherwise, neither at once nor by StartTLS', async t => {
      if (server.authority === null) return t.skip('openssl is not installed')
      for (const more of [{ serverUrls: [name()] }, start()]) {
        await assert.rejects(() => who(provider(more), 'ada'), /all down.*(certificate|self)/)
        await known(
          provider({ ...more, ...trust({ trusted_certs: [], trust_all: true, loose: true }) }),
          'ada',
        )
      }
    })

    it('needs certificates that exist, and no key of another organization', async () => {
      await assert.rejects(() => who(provider(trust()), 'ada'), /no certificate "ca"/)
      const foreign = { own: { chain: '', privateKey: '', tenant: 'others' } }
      await assert.rejects(
        () => who(provider({ tlsConfig: { enabled: true, certs: ['own'] } }, foreign), 'ada'),
        /another organization/,
      )
    })
  })

  describe('of several servers', () => {
    it('is asked in turn, past those that are down', async () => {
      const of = provider({ serverUrls: ['ldap://127.0.0.1:1', server.url] })
      await known(of, 'ada')
      assert.equal(await who(of, 'ada', 'wrong'), null)
      await assert.rejects(
        () => who(provider({ serverUrls: ['ldap://127.0.0.1:1', 'ldap://127.0.0.1:2'] }), 'ada'),
        /all down/,
      )
      await assert.rejects(() => who(provider({ serverUrls: [] }), 'ada'), /Missing LDAP server URLs/)
    })

    it('that was started anew is found again over connections that broke', async () => {
      const of = provider()
      await known(of, 'ada')
      await server.kill()
      await assert.rejects(() => who(of, 'ada'), /all down/)
      await server.resume()
      await known(of, 'ada')
    })

    it('that hangs is given up, and lets nobody in', async () => {
      const of = provider({ callTimeout: 2_000 })
      await known(of, 'ada')
      await server.holdStill()
      try {
        await assert.rejects(() => who(of, 'ada'), /all down/)
      } finally {
        server.letGoOn()
      }
      await known(of, 'ada')
    })
  })

  it('is asked over a few connections, whatever comes', async () => {
    const of = provider()
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        who(of, i % 2 === 0 ? 'ada' : 'bob', i % 3 === 0 ? 'wrong' : undefined),
      ),
    )
    const expected = all.map((_, i) =>
      i % 3 === 0 ? null : i % 2 === 0 ? 'ada@example.com' : 'bob@example.com',
    )
    assert.deepEqual(
      all.map(identity => identity?.email ?? null),
      expected,
    )
  })

  it('has settings that can be used, or nobody logs in', () => {
    for (const serverUrls of [['http://x'], ['nowhere'], ['ldap://u:p@x']])
      assert.throws(() => provider({ serverUrls }), /serverUrls/)
    provider({ serverUrls: ['ldap://directory.test'] })
    assert.match(logged.join(), /in clear/)
  })
})
