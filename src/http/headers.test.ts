import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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

  it('behaves like a list of pairs under any sequence of changes', () => {
    let seed = 7
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n
    const names = ['A', 'a', 'Bb', 'bB', 'X-Y', 'Host']
    for (let round = 0; round < 300; round++) {
      const block = parsed('A: 1\r\nBb: 2 \r\nX-Y:3\r\n')
      let model: [string, string][] = [...block]
      for (let step = 0; step < 12; step++) {
        const name = names[random(names.length)]!
        const same = (n: string): boolean => n.toLowerCase() === name.toLowerCase()
        const value = String(random(100))
        const action = random(3)
        if (action === 0) {
          block.append(name, value)
          model.push([name, value])
        } else if (action === 1) {
          block.delete(name)
          model = model.filter(([n]) => !same(n))
        } else {
          block.set(name, value)
          const first = model.findIndex(([n]) => same(n))
          if (first < 0) model.push([name, value])
          else {
            model[first] = [name, value]
            model = model.filter(([n], i) => i <= first || !same(n))
          }
        }
      }
      assert.deepEqual([...block], model)
      const lines = block.wire().split('\r\n').slice(0, -1)
      assert.deepEqual(
        lines.map(l => l.replace(/:\s*/, ': ')),
        model.map(([n, v]) => `${n}: ${v}`),
      )
    }
  })
})
