// Compares the HTTP parsers with the reference reader: `node scripts/fuzz.js [inputs] [seed]`. Exits non-zero on a difference.
import { readdirSync } from 'node:fs'
import { fuzz } from '../src/http/testing/fuzz.ts'
import { readCases } from '../test/wire/cases.ts'

const count = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const folder = new URL('../test/wire/', import.meta.url)
const corpus = readdirSync(folder)
  .filter(name => name.endsWith('.txt'))
  .flatMap(name => readCases(new URL(name, folder)))
  .map(one => one.send)
  .filter(text => text.length < 400)
const share = 50_000
const begun = Date.now()
for (let done = 0; done < count; done += share) {
  const found = fuzz(Math.min(share, count - done), seed + done, corpus)
  if (found !== null) {
    console.error(`seed ${seed + done}: ${found.why}\n${found.subject}: ${JSON.stringify(found.text)}`)
    process.exit(1)
  }
}
console.log(
  `${count} inputs from seed ${seed}, ${corpus.length} of the corpus: no difference, ${Math.round((Date.now() - begun) / 1000)} s`,
)
