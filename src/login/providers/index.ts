/** The providers there are, by type of module. A further one is one file and one line. */
import type { ProviderOf } from '../contract.ts'
import { basic } from './basic.ts'

export const providers: ReadonlyMap<string, ProviderOf> = new Map<string, ProviderOf>([['basic', basic]])
