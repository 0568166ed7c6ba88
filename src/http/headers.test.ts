import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FieldNames } from './field-names.ts'
import { HeaderBlock, InvalidHeader } from './headers.ts'
import { parseRequestHead } from './head-parser.ts'
import { DEFAULT_LIMITS } from './limits.ts'

function parsed(lines: string): HeaderBlock {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`, 'latin1')
  return parseRequestHead(bytes, 0, bytes.length, DEFAULT_LIMITS)!.headers
}

describe('a header block', () => {
  it('keeps order and case and finds without case', () => {
    const block = parsed('X-One: 1\r\nx-TWO: 2\r\nX-one: 3\r\n')
    assert.deepEqual(
      [...block],
      [
        ['Host', 'h'],
        ['X-One', '1'],
        ['x-TWO', '2'],
        ['X-one', '3'],
      ],
    )
    assert.equal(block.get('x-one'), '1')
    assert.deepEqual(block.getAll('x-one'), ['1', '3'])
    assert.equal(block.get('x-two'), '2')
    assert.equal(block.has('x-three'), false)
    assert.equal(block.size, 4)
    assert.equal(block.wire(), 'Host: h\r\nX-One: 1\r\nx-TWO: 2\r\nX-one: 3\r\n')
  })

  it('writes values byte for byte, without the spaces behind them', () => {
    const block = parsed('A:\tx  \r\nB:y\r\nC:   \r\nD: \xe9\xff\r\n')
    assert.equal(block.get('a'), 'x')
    assert.equal(block.get('c'), '')
    assert.equal(block.wire(), 'Host: h\r\nA:\tx\r\nB:y\r\nC:   \r\nD: \xe9\xff\r\n')
  })

  it('replaces in place, appends and deletes', () => {
    const block = parsed('A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\n')
    block.set('A', 'new')
    block.append('b', '5')
    block.delete('C')
    block.set('D', 'last')
    assert.equal(block.wire(), 'Host: h\r\nA: new\r\nB: 2\r\nb: 5\r\nD: last\r\n')
  })

  it('keeps fields of the hop readable and off the wire', () => {
    const block = parsed(
      'Connection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nContent-Length: 0\r\nExpect: 100-continue\r\nProxy-Connection: x\r\nTrailer: a\r\nHTTP2-Settings: x\r\nX-Other: 2\r\n',
    )
    assert.equal(block.wire(), 'Host: h\r\nX-Other: 2\r\n')
    assert.equal(block.get('te'), 'trailers')
    assert.equal(block.get('x-mine'), '1')
    assert.deepEqual(block.endToEnd(), [
      ['Host', 'h'],
      ['X-Other', '2'],
    ])
  })

  it('cannot lose Host to Connection', () => {
    assert.match(parsed('Connection: host\r\n').wire(), /^Host: h\r\n/)
  })

  it('lets a field set anew cross the hop, unless it frames', () => {
    const block = parsed('Connection: X-Mine\r\nX-Mine: 1\r\n')
    block.set('X-Mine', '2')
    block.set('Transfer-Encoding', 'chunked')
    block.append('Content-Length', '5')
    assert.equal(block.wire(), 'Host: h\r\nX-Mine: 2\r\n')
  })

  it('shifts the fields of the hop when others are deleted', () => {
    const block = parsed('A: 1\r\nConnection: B\r\nB: 2\r\nC: 3\r\n')
    block.delete('a')
    assert.equal(block.wire(), 'Host: h\r\nC: 3\r\n')
    block.delete('connection')
    assert.equal(block.wire(), 'Host: h\r\nC: 3\r\n')
  })

  it('refuses what would write another line', () => {
    const block = new HeaderBlock()
    for (const [name, value] of [
      ['A\r\nB', 'x'],
      ['A', 'x\r\nB: y'],
      ['A', 'x\ny'],
      ['A', 'x\0'],
      ['', 'x'],
      ['A B', 'x'],
      ['A:', 'x'],
      ['Ä', 'x'],
      ['A', 'snowman ☃'],
    ] as const) {
      assert.throws(() => block.append(name, value), InvalidHeader)
      assert.throws(() => block.set(name, value), InvalidHeader)
    }
    assert.equal(block.size, 0)
  })

  it('is independent of its clone', () => {
    const block = parsed('Connection: X\r\nX: 1\r\nY: 2\r\n')
    const copy = block.clone()
    copy.delete('y')
    copy.set('X', '3')
    assert.equal(block.wire(), 'Host: h\r\nY: 2\r\n')
    assert.equal(copy.wire(), 'Host: h\r\nX: 3\r\n')
  })

  it('forgets what was deleted: appending again is a new field, at the end', () => {
    const block = parsed('A: 1\r\nB: 2\r\n')
    block.set('a', 'own')
    block.delete('A')
    block.append('A', '3')
    block.append('a', '4')
    assert.deepEqual(block.getAll('a'), ['3', '4'])
    assert.equal(block.wire(), 'Host: h\r\nB: 2\r\nA: 3\r\na: 4\r\n')
    block.delete('a')
    block.append('B', '5')
    assert.equal(block.has('a'), false)
    assert.equal(block.wire(), 'Host: h\r\nB: 2\r\nB: 5\r\n')
    for (const [name] of [...block]) block.delete(name)
    assert.deepEqual([block.size, block.wire(), [...block]], [0, '', []])
    block.append('Z', '1')
    assert.equal(block.wire(), 'Z: 1\r\n')
  })

  it('sets over parsed and own fields, whichever comes first', () => {
    const parsedFirst = parsed('A: 1\r\nB: 2\r\n')
    parsedFirst.append('a', 'own')
    parsedFirst.set('A', 'x')
    assert.equal(parsedFirst.wire(), 'Host: h\r\nA: x\r\nB: 2\r\n')
    // The field at the parsed place is an own one now.
    parsedFirst.append('A', 'y')
    parsedFirst.set('a', 'z')
    assert.equal(parsedFirst.wire(), 'Host: h\r\na: z\r\nB: 2\r\n')
    const first = new HeaderBlock()
    first.append('A', '1')
    first.append('B', '2')
    first.append('a', '3')
    first.set('a', 'a longer value than before')
    first.set('B', '')
    assert.equal(first.wire(), 'a: a longer value than before\r\nB: \r\n')
    assert.deepEqual([first.get('a'), first.get('b')], ['a longer value than before', ''])
  })

  it('takes a name as it was set last, and finds it in any case', () => {
    const block = parsed('X-Name: 1\r\n')
    block.set('x-NAME', '2')
    block.set('X-NAME', '3')
    assert.deepEqual([...block].at(-1), ['X-NAME', '3'])
    assert.equal(block.get('x-name'), '3')
    block.delete('x-Name')
    assert.equal(block.wire(), 'Host: h\r\n')
  })

  it('changes nothing when it refuses', () => {
    const block = parsed('A: 1\r\n')
    block.set('B', '2')
    const before = block.wire()
    for (const name of ['A', 'B', 'C']) assert.throws(() => block.set(name, 'x\r\ny'), InvalidHeader)
    assert.equal(block.wire(), before)
  })

  it('is independent of its clone, both ways, after fields were set', () => {
    const block = parsed('A: 1\r\nB: 2\r\n')
    block.set('A', 'own')
    block.append('C', 'own')
    const copy = block.clone()
    block.set('A', 'of the first')
    copy.set('C', 'of the second')
    block.append('D', '1')
    copy.append('D', '2')
    copy.append('E', '2')
    block.delete('B')
    assert.equal(block.wire(), 'Host: h\r\nA: of the first\r\nC: own\r\nD: 1\r\n')
    assert.equal(copy.wire(), 'Host: h\r\nA: own\r\nB: 2\r\nC: of the second\r\nD: 2\r\nE: 2\r\n')
    const fresh = parsed('A: 1\r\n').clone()
    fresh.append('B', '2')
    assert.equal(fresh.wire(), 'Host: h\r\nA: 1\r\nB: 2\r\n')
  })

  it('keeps what is left of a hop in place through changes around it', () => {
    const block = parsed('A: 1\r\nConnection: B\r\nB: 2\r\nC: 3\r\nB: 4\r\n')
    block.set('A', 'own')
    block.append('Keep-Alive', '5')
    block.append('D', '6')
    assert.equal(block.wire(), 'Host: h\r\nA: own\r\nC: 3\r\nD: 6\r\n')
    block.delete('host')
    block.delete('a')
    assert.equal(block.wire(), 'C: 3\r\nD: 6\r\n')
    // Set anew it is ours, and crosses.
    block.set('b', '7')
    assert.equal(block.wire(), 'b: 7\r\nC: 3\r\nD: 6\r\n')
    assert.equal(block.get('keep-alive'), '5')
    assert.deepEqual(block.endToEnd(), [
      ['b', '7'],
      ['C', '3'],
      ['D', '6'],
    ])
  })

  it('mixes own fields into a head with spaces behind its values', () => {
    const block = parsed('A: 1 \r\nB: 2\t\r\nC: 3\r\nD:4\r\n')
    block.set('B', 'own')
    block.append('E', '5')
    assert.equal(block.wire(), 'Host: h\r\nA: 1\r\nB: own\r\nC: 3\r\nD:4\r\nE: 5\r\n')
    block.delete('c')
    assert.equal(block.wire(), 'Host: h\r\nA: 1\r\nB: own\r\nD:4\r\nE: 5\r\n')
  })

  it('tells whether a name or value is too long, parsed or set', () => {
    const block = parsed('A: 12345   \r\nLonger: 1\r\n')
    assert.equal(block.exceeds(6, 5), false)
    assert.equal(block.exceeds(5, 5), true)
    assert.equal(block.exceeds(6, 4), true)
    block.set('A', '123456')
    assert.equal(block.exceeds(6, 5), true)
    block.set('A', '1')
    assert.equal(block.exceeds(6, 1), false)
    block.append('Longest', '')
    assert.equal(block.exceeds(6, 1), true)
    assert.equal(new HeaderBlock().exceeds(0, 0), false)
  })

  it('loses fields of any of several names, however long', () => {
    const long = `x-${'y'.repeat(60)}`
    const block = parsed(`A: 1\r\n${long.toUpperCase()}: 2\r\n${long}z: 3\r\na: 4\r\nB: 5\r\n`)
    block.append('Own', '6')
    block.deleteAll(new FieldNames(['A', long, 'oWn', '']))
    assert.deepEqual(
      [...block],
      [
        ['Host', 'h'],
        [`${long}z`, '3'],
        ['B', '5'],
      ],
    )
    block.deleteAll(new FieldNames([]))
    assert.equal(block.size, 3)
  })

  it('behaves like a list of pairs under any sequence of changes, clones and writes', () => {
    let seed = 7
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return (seed >> 8) % n
    }
    const names = ['A', 'a', 'Bb', 'bB', 'X-Y', 'Host', 'C', 'Connection', 'connection']
    // What stays on the hop is named by the parsed `Connection`; `TE` always does.
    const heads = [
      'A: 1\r\nBb: 2\r\nX-Y: 3\r\nC: 4\r\nA: 5\r\n',
      'A: 1\r\nBb: 2 \r\nX-Y:3\r\nC:   \r\nbb:\t4\t\r\n',
      'A: 1\r\nConnection: bb, x-y\r\nBb: 2\r\nC: 3\r\nTE: trailers\r\nX-Y: 4\r\nBB: 5\r\n',
      'Connection: bb\r\nBb: 1 \r\nA: 2 \r\nTE: trailers\r\n',
      '',
    ]
    interface Field {
      name: string
      value: string
      /** How the line ends up on the wire, null for one that stays. */
      line: string | null
    }
    const stays = (name: string): boolean => name.toLowerCase() === 'connection'
    const made = (name: string, value: string): Field => ({
      name,
      value,
      line: stays(name) ? null : `${name}: ${value}\r\n`,
    })
    const begun = (lines: string): [HeaderBlock, Field[]] => {
      const listed = /^Connection: (.*)$/m.exec(lines)?.[1]?.trimEnd().split(', ') ?? []
      const model = `Host: h\r\n${lines}`
        .split('\r\n')
        .slice(0, -1)
        .map(raw => {
          const [, name, gap, value] = /^([^:]+):([ \t]*)(.*?)[ \t]*$/.exec(raw)!
          const lower = name!.toLowerCase()
          const here = stays(lower) || lower === 'te' || listed.includes(lower)
          return { name: name!, value: value!, line: here ? null : `${name}:${gap}${value}\r\n` }
        })
      return [parsed(lines), model]
    }
    const check = (block: HeaderBlock, model: readonly Field[], what: string): void => {
      assert.deepEqual(
        [...block],
        model.map(({ name, value }) => [name, value]),
        what,
      )
      assert.equal(block.wire(), model.map(({ line }) => line ?? '').join(''), what)
      assert.deepEqual(
        block.endToEnd(),
        model.filter(({ line }) => line !== null).map(({ name, value }) => [name, value]),
        what,
      )
    }
    for (let round = 0; round < 3000; round++) {
      const what = `round ${round}`
      let [block, model] = begun(heads[random(heads.length)]!)
      const kept: [HeaderBlock, Field[]][] = []
      for (let step = random(16); step >= 0; step--) {
        const name = names[random(names.length)]!
        const lower = name.toLowerCase()
        const same = (field: Field): boolean => field.name.toLowerCase() === lower
        const value = 'v'.repeat(random(4)) + String(random(100))
        switch (random(7)) {
          case 0:
            block.append(name, value)
            model.push(made(name, value))
            break
          case 1:
            block.delete(name)
            model = model.filter(field => !same(field))
            break
          case 2:
          case 3: {
            block.set(name, value)
            const first = model.findIndex(same)
            if (first < 0) model.push(made(name, value))
            else model = model.filter((field, i) => i <= first || !same(field))
            if (first >= 0) model[first] = made(name, value)
            break
          }
          case 4:
            check(block, model, what)
            break
          case 5: {
            const gone = new Set([lower, names[random(names.length)]!.toLowerCase(), 'x'.repeat(40)])
            block.deleteAll(new FieldNames(gone))
            model = model.filter(field => !gone.has(field.name.toLowerCase()))
            break
          }
          default:
            // One goes on, the other must stay as it is.
            kept.push(random(2) === 0 ? [block, model] : [block.clone(), model])
            if (kept.at(-1)![0] === block) block = block.clone()
            model = model.slice()
        }
        assert.equal(block.get(lower), model.find(same)?.value, what)
        assert.deepEqual(
          block.getAll(lower),
          model.filter(same).map(field => field.value),
          what,
        )
        assert.equal(block.size, model.length, what)
      }
      check(block, model, what)
      for (const [other, fields] of kept) check(other, fields, what)
    }
  })
})
