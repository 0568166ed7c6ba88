import assert from 'node:assert/strict'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressList, BadAddress } from './address-list.ts'

/** Who of `clients` is on the list. */
function listed(entries: readonly string[], ...clients: string[]): string[] {
  const has = addressList(entries)
  return clients.filter(client => has(client) === true)
}

describe('an address list', () => {
  it('without entries holds nobody', () => {
    assert.deepEqual(listed([], '0.0.0.0', '::', '127.0.0.1'), [])
  })

  it('holds single addresses, however they are written', () => {
    const same = ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:0db8::0001']
    for (const entry of same) assert.deepEqual(listed([entry], ...same, '2001:db8::2'), same)
    assert.deepEqual(listed([' 10.0.0.1 '], '10.0.0.1', '10.0.0.10', '110.0.0.1', '10.0.0.2'), ['10.0.0.1'])
  })

  it('holds networks to their first and last address', () => {
    const clients = ['10.31.255.255', '10.32.0.0', '10.47.255.255', '10.48.0.0']
    assert.deepEqual(listed(['10.32.0.0/12'], ...clients), ['10.32.0.0', '10.47.255.255'])
    // Bits behind the prefix do not count.
    assert.deepEqual(listed(['10.40.1.2/12'], ...clients), ['10.32.0.0', '10.47.255.255'])
    assert.deepEqual(listed(['10.32.0.0/32'], ...clients), ['10.32.0.0'])
    assert.deepEqual(listed(['2001:db8::/33'], '2001:db8:7fff::1', '2001:db8:8000::'), ['2001:db8:7fff::1'])
  })

  it('takes a network of size 0 for its whole family', () => {
    assert.deepEqual(listed(['0.0.0.0/0'], '0.0.0.0', '255.255.255.255', '::1'), [
      '0.0.0.0',
      '255.255.255.255',
    ])
    assert.deepEqual(listed(['::/0'], '::', 'ffff::', '1.2.3.4', '::ffff:1.2.3.4'), ['::', 'ffff::'])
  })

  it('takes IPv4-mapped IPv6 for IPv4, in clients and entries', () => {
    const mapped = ['::ffff:10.0.0.1', '::ffff:a00:1', '0:0:0:0:0:ffff:10.0.0.1']
    assert.deepEqual(listed(['10.0.0.0/8'], ...mapped), mapped)
    for (const entry of ['::ffff:10.0.0.1', '::ffff:a00:1', '::ffff:10.0.0.0/104', '::ffff:10.0.*'])
      assert.deepEqual(listed([entry], '10.0.0.1', ...mapped, '11.0.0.1'), ['10.0.0.1', ...mapped], entry)
  })

  it('does not take other addresses that hold IPv4 ones for them', () => {
    assert.deepEqual(listed(['10.0.0.0/8'], '::10.0.0.1', '64:ff9b::10.0.0.1', '2002:a00:1::'), [])
    assert.deepEqual(listed(['::10.0.0.1'], '::a00:1', '10.0.0.1'), ['::a00:1'])
  })

  it('takes clients with a zone or a port for the address they name', () => {
    const clients = ['fe80::1%eth0', '[fe80::1]', '[fe80::1]:443', '[fe80::1%2]:443']
    assert.deepEqual(listed(['fe80::1'], ...clients), clients)
    assert.deepEqual(listed(['10.0.0.1'], '10.0.0.1:40000'), ['10.0.0.1:40000'])
    // Eight groups and a port cannot be told from nine groups.
    assert.equal(addressList(['::1'])('1:2:3:4:5:6:7:8:80'), null)
  })

  it('never reads an address out of other text', () => {
    const has = addressList(['*', '0.0.0.0/0', '::/0', '127.0.0.1'])
    const texts = [
      '',
      ' ',
      'unknown',
      '_hidden',
      '127.1',
      '0177.0.0.1',
      '127.0.0.01',
      '0x7f.0.0.1',
      '2130706433',
    ]
    const wrong = [
      '127.0.0.256',
      '127.0.0.1.',
      '127.0.0.1/32',
      '::1::',
      '[::1',
      '::1]',
      '[127.0.0.1',
      '1.2.3.4:',
    ]
    for (const text of [...texts, ...wrong, '1.2.3.4, 5.6.7.8', '１.2.3.4', ':'.repeat(100_000)])
      assert.equal(has(text), null, JSON.stringify(text.slice(0, 40)))
  })

  it('agrees with the list of Node.js on random networks', () => {
    const v4 = fc.ipV4()
    const v6 = fc.ipV6().filter(text => isIPv6(text) && !text.includes('.') && !/^(0*:)*ffff:/i.test(text))
    const entry = fc.oneof(
      fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
    )
    const near = fc.tuple(fc.nat(), fc.nat({ max: 3 }))
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 6 }),
        fc.array(v4),
        fc.array(v6),
        near,
        (list, a, b, [n, d]) => {
          const family = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4')
          const oracle = { ipv4: new BlockList(), ipv6: new BlockList() }
          for (const [address, bits] of list)
            oracle[family(address)].addSubnet(address, bits, family(address))
          const has = addressList(list.map(([address, bits]) => `${address}/${bits}`))
          const [close] = list[n % list.length]!
          const neighbour = close.replace(/\d$/, digit => String((Number(digit) + d) % 10))
          for (const client of [...a, ...b, close, neighbour].filter(text => isIP(text) !== 0))
            assert.equal(has(client), oracle[family(client)].check(client, family(client)), client)
          assert.equal(has(close), true)
        },
      ),
    )
  })

  it('finds an address among a hundred thousand as fast as among a few', () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    const has = addressList([...entries, '192.168.0.0/16'])
    const start = performance.now()
    for (let i = 0; i < 10_000; i++) has('172.16.0.1')
    // A walk over the entries would take minutes.
    assert.ok(performance.now() - start < 2000)
    assert.equal(has('10.1.0.5'), true)
  })
})

describe('patterns', () => {
  it('stand for any text, dots included', () => {
    const clients = ['10.0.0.1', '10.1.2.3', '100.0.0.1', '110.0.0.1']
    assert.deepEqual(listed(['10.*'], ...clients), ['10.0.0.1', '10.1.2.3'])
    assert.deepEqual(listed(['10.*.*.*'], ...clients), ['10.0.0.1', '10.1.2.3'])
    assert.deepEqual(listed(['10.0.*'], ...clients), ['10.0.0.1'])
    assert.deepEqual(listed(['10.*.1'], ...clients), ['10.0.0.1'])
    assert.deepEqual(listed(['*.0.0.1'], ...clients), ['10.0.0.1', '100.0.0.1', '110.0.0.1'])
    assert.deepEqual(listed(['10*1'], ...clients), ['10.0.0.1', '100.0.0.1'])
  })

  it('match the whole address, and dots are dots', () => {
    const clients = ['192.168.1.1', '192.168.1.19', '192.168.11.1', '192.168.1.2', '1.192.168.1']
    assert.deepEqual(listed(['192.168.1.1*'], ...clients), ['192.168.1.1', '192.168.1.19'])
    assert.deepEqual(listed(['*.168.1'], ...clients), ['1.192.168.1'])
    assert.deepEqual(listed(['1.2.3*4'], '1.2.304', '1.2.3.4', '1.2.34.4'), ['1.2.3.4', '1.2.34.4'])
  })

  it('of one star hold everybody who has an address', () => {
    assert.deepEqual(listed(['*'], '1.2.3.4', '::1', 'unknown', ''), ['1.2.3.4', '::1'])
  })

  it('of IPv6 hold the short and the long form', () => {
    const clients = ['2001:db8::1', '2001:db8:0:5::1', '2001:db80::1', '2001:db8:ffff::1']
    assert.deepEqual(listed(['2001:DB8:*'], ...clients), [clients[0]!, clients[1]!, clients[3]!])
    assert.deepEqual(listed(['2001:0db8:0:*'], ...clients), [clients[0]!, clients[1]!])
    assert.deepEqual(listed(['2001:db8::*'], ...clients), [clients[0]!])
    assert.deepEqual(listed(['*:0:5:*'], ...clients), [clients[1]!])
    assert.deepEqual(listed(['*::1'], ...clients), clients)
  })

  it('of many stars take no time', () => {
    const has = addressList([`${'*1'.repeat(100)}*2`, `${'*1:'.repeat(7)}*2`])
    const start = performance.now()
    for (let i = 0; i < 20; i++) {
      assert.equal(has('111.111.111.111'), false)
      assert.equal(has('1111:1111:1111:1111:1111:1111:1111:1111'), false)
    }
    assert.ok(performance.now() - start < 2000)
  })
})

describe('an entry that cannot be read', () => {
  const broken = [
    '',
    ' ',
    'localhost',
    '10.0.0',
    '10.0.0.0.0',
    '010.0.0.1',
    '10.0.0.256',
    '10.0.0.1:80',
    '10.0.0.1, 10.0.0.2',
    '10.0.0.1-10.0.0.9',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/+8',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    'fe80::1%eth0',
    '[::1]',
    '2001:db8::1::',
    '${req.headers.x}',
    '10.*/8',
    '10.0.0.x*',
    '300.*',
    '10.0256.*',
    '010.*',
    '10..*',
    '1.2.3.4.*',
    '2001:db8:::*',
    '2001:12345:*',
    '1:2:3:4:5:6:7:8:*',
    '2001:db8:*:10.0.0.1',
    '::ffff:*',
    ':1:*',
  ]
  for (const entry of broken)
    it(`refuses the list: ${JSON.stringify(entry)}`, () => {
      assert.throws(() => addressList(['10.0.0.1', entry]), BadAddress)
    })
})
