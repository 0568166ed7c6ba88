import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeadInsertion } from './head-insertion.ts'

const META = '<m>'

/** The page after the insertion, given in chunks of a size. */
function pass(page: string, size: number): string {
  const transform = new HeadInsertion(META)
  const bytes = Buffer.from(page)
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size)
    out.push(transform.push(bytes.subarray(at, at + size)) ?? Buffer.alloc(0))
  out.push(transform.end() ?? Buffer.alloc(0))
  return Buffer.concat(out).toString()
}

/** `|` marks where the element is expected. */
const pages = [
  '<!doctype html><html><head>|<title>é</title></head><body></body></html>',
  '<!DOCTYPE html PUBLIC "a">\n<HTML lang="a>b">\n <HEAD data-x=\'>\'>|</HEAD>',
  '\ufeff<html><!-- <head> --><head>|',
  '<!--><head>|</head>',
  '<!---><head>|</head>',
  '<!-- a -- > b --><head>|</head>',
  '<?xml version="1.0"?><html><head>|</head>',
  "<html lang=en'><head>|</head>",
  '<html a = "x > y" b><head>|<p>',
  '<html>|<body>no head</body></html>',
  '|<header>no head either</header>',
  '|<heading>',
  '|<p>a fragment</p>',
  '<!doctype html>\n|plain text',
  '|text <head>',
  '<html>|</html>',
  '<html><head|',
  '<!-- never ends <head>|',
  '|<',
  '<head/>|<title>',
  '  |',
  '<head>|<head>',
]

describe('an element for the head of a page', () => {
  it('lands in the head, once, however the page is cut into chunks', () => {
    for (const page of pages) {
      const wanted = page.replace('|', META)
      const given = page.replace('|', '')
      for (let size = 1; size <= given.length + 4; size++) {
        const got = pass(given, size)
        // What is left over at the end of a page stands before the element or behind it: both are no page any more.
        if (page === '|<') assert.equal(got, '<<m>')
        else assert.equal(got, wanted, `${page} in chunks of ${size}`)
      }
    }
  })

  it('passes every other byte on unchanged', () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))
    const transform = new HeadInsertion(META)
    const out = Buffer.concat([Buffer.from('<head>'), bytes].map(chunk => transform.push(chunk)!))
    assert.deepEqual(out, Buffer.concat([Buffer.from('<head><m>'), bytes]))
  })

  it('keeps nothing of a beginning without end', () => {
    const transform = new HeadInsertion(META)
    const chunk = Buffer.from(`<!--${' '.repeat(60_000)}`)
    let out = 0
    for (let i = 0; i < 100; i++) out += transform.push(i === 0 ? chunk : chunk.subarray(4))!.length
    assert.equal(out, 100 * 60_000 + 4)
  })
})
