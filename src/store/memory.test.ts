import { createMemoryStore } from './memory.ts'
import { storeSuite } from './testing/suite.ts'

storeSuite('memory', async () => createMemoryStore())
