/** A disk of a few megabytes, for tests of what happens when it is full. Only where file systems may be mounted. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Throws where it cannot be mounted. `size` as `mount` takes it: `4m`. */
  static mount(size: string): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), 'otoroshi-disk-'))
    const failure = run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path])
    if (failure === null) return new SmallDisk(path)
    rmdirSync(path)
    throw new Error(failure)
  }

  /** Gives it another size, with what it holds. */
  resize(size: string): void {
    const failure = run('mount', ['-o', `remount,size=${size}`, this.path])
    if (failure !== null) throw new Error(failure)
  }

  /** Takes room away until `free` is called. Bytes. */
  occupy(bytes: number): void {
    writeFileSync(join(this.path, 'ballast'), Buffer.alloc(bytes, 1))
  }

  free(): void {
    rmSync(join(this.path, 'ballast'))
  }

  unmount(): void {
    // Lazily: a process that a failed test has left may still hold a file.
    run('umount', ['-l', this.path])
    rmdirSync(this.path)
  }
}

function run(program: string, args: readonly string[]): string | null {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? null : (error?.message ?? `${program}: ${stderr.trim()}`)
}

/** For `skip` of a test: false where a disk can be mounted, else the reason why not. */
export const noSmallDisk: string | false = (() => {
  try {
    SmallDisk.mount('64k').unmount()
    return false
  } catch (error) {
    return `no file system can be mounted here (${error instanceof Error ? error.message : error})`
  }
})()
