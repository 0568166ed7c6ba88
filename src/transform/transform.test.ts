import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonToXml, Workbench, XmlFault, xmlToJson } from './index.ts'

const bench = new Workbench(10_000)
const MOST = 1_000_000
const filter = (text: string, input: string | null, context = '{}', on = bench) =>
  on.run({ kind: 'filter', filter: text, input, context }, MOST)
const rewrite = (text: string, rules: object[], hrefPrefix: string | null = null) =>
  bench.run(
    {
      kind: 'rewrite',
      rules: rules.map(rule => ({ pattern: '', flags: '', replacement: '', ...rule })),
      hrefPrefix,
      text,
    },
    MOST,
  )
const result = async (job: ReturnType<typeof filter>): Promise<string> => {
  const outcome = await job
  return outcome.ok ? outcome.text : `${outcome.fault}: ${outcome.details.join('; ')}`
}

describe('a jq filter', () => {
  it('says what is wrong with it, and with the text', async () => {
    assert.match(await result(filter('.a | (', null)), /^bad_filter: syntax error/)
    assert.match(
      await result(filter('nothing_of_that_name', null)),
      /^bad_filter: nothing_of_that_name\/0 is not defined/,
    )
    assert.equal(await result(filter('.a | error', null)), '')
    assert.match(await result(filter('.', '{"a":')), /^bad_input: /)
    assert.match(await result(filter('.', '{} {}')), /^bad_input: /)
    assert.equal(await result(filter('error("no " + .a)', '{"a":"b"}')), 'failed: no b')
    assert.equal(await result(filter('.a.b', '{"a":1}')), 'failed: Cannot index number with string "b"')
  })

  it('sees the context and nothing of this process', async () => {
    assert.equal(await result(filter('$context.who', '{}', '{"who":"é"}')), '"é"')
    process.env['TRANSFORM_TEST'] = 'secret'
    for (const text of ['$ENV', 'env', 'input_filename', 'debug', '$__loc__', '[inputs]']) {
      const seen = await result(filter(text, '{}'))
      assert.doesNotMatch(seen, /secret|\/home\/(?!web_user)|\/work|node/, text)
    }
    assert.match(await result(filter('import "/etc/passwd" as $a; $a', null)), /^bad_filter/)
    delete process.env['TRANSFORM_TEST']
  })

  it('that never ends or takes all memory harms no other', async () => {
    const hasty = new Workbench(1500)
    const endless = filter('def f: f; f', '{}', '{}', hasty)
    const behind = filter('.a', '{"a":1}', '{}', hasty)
    assert.match(await result(endless), /^too_slow/)
    assert.equal(await result(behind), '1')
    assert.match(await result(filter('. * 500000000', '"x"')), /^(?:broken|failed|too_large)/)
    assert.equal(await result(filter('.a', '{"a":2}')), '2')
    assert.match(await result(filter('[range(400000)]', '{}')), /^too_large/)
  })

  it('is refused when too much waits', async () => {
    const text = JSON.stringify('x'.repeat(20_000_000))
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => filter('length', text)))
    const faults = outcomes.map(outcome => (outcome.ok ? 'ok' : outcome.fault))
    assert.ok(faults.includes('busy') && faults.includes('ok'), faults.join())
  })
})

describe('jq here and jq of the system', () => {
  const found = spawnSync('jq', ['--version'], { encoding: 'utf8' })
  const skip = found.status === 0 ? false : 'jq is not here'
  const inputs = ['{"a":1,"b":[1,2,{"c":null}],"s":"x é 😀","t":true}', '[3,1,2]', '"text, with, commas"']
  const filters = [
    '.',
    '.a',
    '.b[2].c',
    '.b | length',
    'keys',
    'to_entries',
    'map(. * 2)',
    'sort',
    'add',
    'min, max',
    '.[]',
    '.[1:]',
    'del(.a)',
    'with_entries(.value |= tostring)',
    '{a, n: .b}',
    'if .a then 1 else 2 end',
    '.x // "none"',
    'type',
    'length',
    'tojson',
    'tojson | fromjson',
    'ascii_downcase',
    'split(", ")',
    'test("t[ex]+")',
    'sub("t"; "T")',
    'gsub("(?<x>[aeiou])"; "<\\(.x)>")',
    '[.. | numbers]',
    'paths',
    'reduce .[] as $x (0; . + $x)',
    '[foreach .[] as $x (0; . + $x)]',
    'limit(2; .[])',
    'first',
    'last',
    'any',
    'all',
    'flatten',
    'reverse',
    'unique',
    'group_by(.)',
    'has("a")',
    'contains({a: 1})',
    'inside([1,2,3])',
    'walk(.)',
    'select(.a == 1)',
    'empty',
    'error',
    'try error("x") catch .',
    '.a as $x | [$x, $x]',
    'def f(x): x + 1; f(.a)',
    '@base64',
    '@html',
    '@uri',
    '@csv',
    '@json',
    'tostring',
    'tonumber',
    'ascii',
    'implode',
    'explode',
    'ltrimstr("te")',
    'startswith("te")',
    'indices(1)',
    'index(", ")',
    'input',
    'now | type',
    'todate',
    'env | type',
    'splits(", ")',
    'recurse',
    'transpose',
    'range(3)',
    '.. | strings',
    'getpath(["b",0])',
    'path(..)',
    'leaf_paths',
    'to_entries | from_entries',
    'map_values(1)',
    '. as [$a] | $a',
    '-1',
    'infinite | isinfinite',
    '.b[-1]',
    '.["a"]',
    '.a?',
    '..|=.',
    '$context.k',
    'isvalid(.a)',
    '"a\\(.)b"',
    'ascii_upcase',
    'floor',
    'sqrt',
  ]

  it('agree', { skip }, async () => {
    let agreed = 0
    let failed = 0
    const different: string[] = []
    for (const text of filters)
      for (const input of inputs) {
        const args = ['-c', '--argjson', 'context', '{"k":"v"}', `. | (${text})`]
        const run = spawnSync('jq', args, { input, encoding: 'utf8', timeout: 20_000 })
        const theirs = run.status === 0 ? run.stdout.trim() : 'failed'
        const outcome = await filter(text, input, '{"k":"v"}')
        const ours = outcome.ok ? outcome.text : 'failed'
        if (ours !== theirs) different.push(`${text} on ${input}: ${ours} here, ${theirs} there`)
        else if (ours === 'failed') failed++
        else agreed++
      }
    console.log(
      `${found.stdout.trim()} of the system: ${filters.length} filters on ${inputs.length} texts: ${agreed} results alike, ${failed} fail in both, ${different.length} differ`,
    )
    for (const line of different) console.log(`  ${line}`)
    assert.ok(agreed > 120, String(agreed))
    assert.ok(different.length <= 10, different.join('\n'))
  })
})

describe('rewriting', () => {
  it('applies rules in order, with groups and flags', async () => {
    assert.equal(
      await result(
        rewrite('a b', [
          { pattern: 'a', replacement: 'b' },
          { pattern: 'b', replacement: 'c' },
        ]),
      ),
      'c c',
    )
    assert.equal(await result(rewrite('id=7', [{ pattern: '(\\w+)=(\\d+)', replacement: '$2:$1' }])), '7:id')
    assert.equal(await result(rewrite('A\nb', [{ pattern: 'a.B', flags: 'is', replacement: '-' }])), '-')
    assert.equal(await result(rewrite('a\nb', [{ pattern: '^b$', flags: 'm', replacement: '-' }])), 'a\n-')
    assert.equal(await result(rewrite('É', [{ pattern: 'é', flags: 'iu', replacement: '-' }])), '-')
    assert.equal(await result(rewrite('É', [{ pattern: 'é', flags: 'i', replacement: '-' }])), 'É')
    assert.equal(await result(rewrite('1.2', [{ pattern: '1.2', replacement: '$0$0' }])), '1.21.2')
    assert.equal(await result(rewrite('a-b', [{ pattern: 'a-b', replacement: '&' }])), '&')
  })

  it('puts a prefix before relative links only', async () => {
    const page = `<a href="/a"><a HREF = 'b?c'><a href="//x/y"><a href="https://x"><a href="mailto:a@b"><a href="#d"><a href="">`
    const wanted = `<a href="/app/a"><a HREF = '/app/b?c'><a href="//x/y"><a href="https://x"><a href="mailto:a@b"><a href="#d"><a href="">`
    assert.equal(await result(rewrite(page, [], '/app/')), wanted)
  })

  it('stays within its time and its length', async () => {
    const hasty = new Workbench(1000)
    const job = {
      kind: 'rewrite',
      rules: [{ pattern: '(?:a*b)|a', flags: '', replacement: '' }],
      hrefPrefix: null,
      text: 'a'.repeat(1_000_000),
    } as const
    assert.match(await result(hasty.run(job, MOST)), /^too_slow/)
    assert.match(
      await result(rewrite('a'.repeat(1000), [{ pattern: 'a', replacement: 'b'.repeat(2000) }])),
      /^too_large/,
    )
  })
})

describe('XML', () => {
  it('becomes JSON', () => {
    const cases: [string, unknown][] = [
      ['<a/>', { a: '' }],
      ['  <?xml version="1.0"?><!-- c --><a>x</a><!-- d -->', { a: 'x' }],
      ['<a>12</a>', { a: 12 }],
      ['<a>007</a>', { a: '007' }],
      ['<a>true</a>', { a: true }],
      ['<a>1.50</a>', { a: '1.50' }],
      ['<a>12345678901234567890</a>', { a: '12345678901234567890' }],
      ['<a b="1" c="x"/>', { a: { b: 1, c: 'x' } }],
      ['<a b="1">t</a>', { a: { b: 1, value: 't' } }],
      ['<a><b>1</b><b>2</b><c/></a>', { a: { b: [1, 2], c: '' } }],
      ['<a>t<b/></a>', { a: { b: '', value: 't' } }],
      [
        '<s:e xmlns:s="urn:x" s:k="v"><s:b>é&amp;&#x1F600;<![CDATA[<x>]]></s:b></s:e>',
        { 's:e': { 's:k': 'v', 's:b': 'é&😀<x>' } },
      ],
      [
        '<a __proto__="x"><constructor>1</constructor></a>',
        JSON.parse('{"a":{"__proto__":"x","constructor":1}}'),
      ],
    ]
    for (const [xml, json] of cases) assert.equal(JSON.stringify(xmlToJson(xml)), JSON.stringify(json), xml)
  })

  it('that is not well-formed, or defines entities, is refused', () => {
    const bad = [
      '',
      'x',
      '<a>',
      '<a></b>',
      '<a/><b/>',
      '<a b=1/>',
      '<a b="1" b="2"/>',
      '<a b="<"/>',
      '<a>&x;</a>',
      '<a>&</a>',
      '<a>&#0;</a>',
      '<a>]]></a>',
      '<a>\x01</a>',
      '<1/>',
      '<a><!-- -- --></a>',
      '<a b="1"c="2"/>',
      '<a>&#xD800;</a>',
      '</a>',
      '< a/>',
      '<a',
      '<!-- x',
      '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<a>'.repeat(300) + '</a>'.repeat(300),
    ]
    for (const xml of bad) assert.throws(() => xmlToJson(xml), XmlFault, xml.slice(0, 60))
  })

  it('is read in time proportional to its length', () => {
    const before = performance.now()
    xmlToJson(`<a>${'<b c="d">e</b>'.repeat(100_000)}</a>`)
    assert.throws(() => xmlToJson(`<a ${'b'.repeat(500_000)}`), XmlFault)
    assert.throws(() => xmlToJson(`<a>${'&'.repeat(500_000)}`), XmlFault)
    assert.ok(performance.now() - before < 20_000)
  })

  it('is made of JSON', () => {
    const cases: [unknown, string][] = [
      [{ a: 1 }, '<a>1</a>'],
      [{ a: { '@b': 'c"<\n', $: 't<&' } }, '<a b="c&quot;&lt;&#10;">t&lt;&amp;</a>'],
      [{ a: [1, 2] }, '<a>12</a>'],
      [{ a: [{ b: 1 }, { b: 2 }] }, '<a><b>1</b><b>2</b></a>'],
      [{ a: null }, '<a>null</a>'],
      [{ a: {} }, '<a/>'],
      ['x', '<root>x</root>'],
      [[1], '<root>1</root>'],
      [{ a: 1, b: true }, '<root><a>1</a><b>true</b></root>'],
      [{ 'x><y': 1 }, '<x_x003E__x003C_y>1</x_x003E__x003C_y>'],
      [{ '1': '\x00' }, '<_x0031_>\ufffd</_x0031_>'],
    ]
    for (const [json, xml] of cases) assert.equal(jsonToXml(json), xml)
    assert.throws(() => jsonToXml({ a: { '@b': 1, '@b ': 2, '@b_x0020_': 3 } }), /one name/)
  })

  it('made of any JSON is well-formed', () => {
    let written = 0
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
        let xml: string
        try {
          xml = jsonToXml(value)
        } catch {
          return
        }
        written++
        xmlToJson(xml)
      }),
      { numRuns: 2000 },
    )
    assert.ok(written > 1500)
  })

  const xmllint = spawnSync('xmllint', ['--version']).status === 0
  it('is judged as xmllint does', { skip: xmllint ? false : 'xmllint is not here' }, () => {
    for (const value of [{ 'é 😀': ['\u0085', { '@x y': '\r\n\t"' }] }, { '': '', '-': 1 }])
      execFileSync('xmllint', ['--noout', '-'], { input: jsonToXml(value) })
  })
})
