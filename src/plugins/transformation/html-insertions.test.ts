import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HtmlInsertions } from './html-insertions.ts'

const insertions = {
  headStart: Buffer.from('<1>'),
  headEnd: Buffer.from('<2>'),
  bodyStart: Buffer.from('<3>'),
  bodyEnd: Buffer.from('<4>'),
}

function pass(page: string, size: number): string {
  const transform = new HtmlInsertions(insertions)
  const bytes = Buffer.from(page, 'latin1')
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const piece = Buffer.from(bytes.subarray(at, at + size))
    out.push(Buffer.from(transform.push(piece) ?? ''))
    piece.fill(0)
  }
  out.push(transform.end() ?? Buffer.alloc(0))
  return Buffer.concat(out).toString('latin1')
}

/** With the texts where they are expected. */
const pages = [
  '<html><head><1><title>x</title><2></head><body><3>hi<4></body></html>',
  "<HTML><HEAD lang=\"a>b\" x='>'><1><2></HEAD ><BODY class=a'b><3><4></BODY\n>",
  '<!doctype html><head/><1><2></head>',
  '<!-- <head> </head> --><head><1><2></head>',
  '<!--><head><1><!---><2></head><!-- --!><body><3>',
  '<head><1><script>"</head><body>"</script><2></head>',
  '<head><1><title></head></title><style></head></style><2></head>',
  '<head><1><script></scriptx></head></SCRIPT ><2></head><body><3><textarea></body></textarea><4></body>',
  '<header>x</header><head><1><heading></headx><2></head>',
  '<body><3><p title="</body>">1 < 2 <3 </ p></><a b=c/d><4></body></body><body>',
  '<head a= "</head>" b><1><2></head>',
  '<?xml <head> ?><head><1>',
  '<p>a fragment</p>',
  'no page <',
  '<',
  '</',
  '<!',
  '<!-',
  '<hea',
  '</bod',
  '<body',
]

describe('insertions into a page', () => {
  it('stand where the page has its tags, once, however it is cut into pieces', () => {
    for (const wanted of pages) {
      const given = wanted.replace(/<[1-4]>/g, '')
      for (let size = 1; size <= given.length + 4; size++)
        assert.equal(pass(given, size), wanted, `${given} in pieces of ${size}`)
    }
  })

  it('pass every other byte, and keep next to nothing', () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256)).toString('latin1')
    for (const size of [1, 7, 4096]) assert.equal(pass(bytes, size), bytes)
    const transform = new HtmlInsertions(insertions)
    let out = 0
    for (let at = 0; at < 100; at++) out += transform.push(Buffer.from(`<!--${' '.repeat(60_000)}`))!.length
    assert.equal(out, 100 * 60_004)
  })

  it('give way to nothing that is empty', () => {
    const none = Buffer.alloc(0)
    const transform = new HtmlInsertions({ headStart: none, headEnd: none, bodyStart: none, bodyEnd: none })
    assert.equal(transform.push(Buffer.from('<head></head>'))?.toString(), '<head></head>')
  })
})
