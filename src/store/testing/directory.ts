import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A fresh directory that goes with the test. */
export function testDirectory(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-store-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
