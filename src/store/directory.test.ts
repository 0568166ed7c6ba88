import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { makeDirectory } from './directory.ts'

describe('making a directory', () => {
  const root = mkdtempSync(join(tmpdir(), 'directory-'))
  after(() => rmSync(root, { recursive: true }))
  const mode = (...path: string[]): number => statSync(join(root, ...path)).mode & 0o777

  it('makes what is missing, for the owner alone, and leaves what is there', () => {
    makeDirectory(join(root, 'a/b/c'))
    assert.deepEqual([mode('a'), mode('a/b'), mode('a/b/c')], [0o700, 0o700, 0o700])
    chmodSync(join(root, 'a/b'), 0o750)
    makeDirectory(join(root, 'a/b/'))
    makeDirectory(join(root, 'a/b/c/../d'))
    assert.deepEqual([mode('a/b'), mode('a/b/d')], [0o750, 0o700])
  })

  it('goes through links', () => {
    makeDirectory(join(root, 'real'))
    symlinkSync(join(root, 'real'), join(root, 'link'))
    makeDirectory(join(root, 'link'))
    makeDirectory(join(root, 'link/below'))
    assert.ok(statSync(join(root, 'real/below')).isDirectory())
  })

  it('throws where something else has the name, or a parent', () => {
    writeFileSync(join(root, 'file'), '')
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
    assert.throws(() => makeDirectory(join(root, 'file')), /EEXIST/)
    assert.throws(() => makeDirectory(join(root, 'file/below/more')), /ENOTDIR/)
    assert.throws(() => makeDirectory(join(root, 'dangling')), /EEXIST/)
  })
})
