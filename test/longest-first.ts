import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The slowest files, in seconds, as last measured on two cores. If one of them began last, the run would wait for it
 * while the other workers have nothing to do.
 */
const slowest: Readonly<Record<string, number>> = {
  'test/node/deploy-trouble.test.ts': 45,
  'test/browser/site.test.ts': 25,
  'test/failures.test.ts': 90,
  'test/node/deploy.test.ts': 40,
  'test/node/journey.test.ts': 31,
  'examples/client/client.test.ts': 34,
  'test/node/seed.test.ts': 31,
  'test/browser/execute.test.ts': 20,
  'test/node/backup.test.ts': 20,
  'test/node/backup-libsql.test.ts': 20,
  'test/logs.test.ts': 20,
  'test/tokens.test.ts': 18,
  'test/contract/contract.test.ts': 18,
  'test/node/bench.test.ts': 17,
  'src/platform/pictures/cloudinary.test.ts': 16,
  'test/browser/cors.test.ts': 16,
  'test/browser/docs.test.ts': 12,
  'test/browser/accessibility.test.ts': 14,
  'test/node/deploy-asking.test.ts': 13,
  'test/revocation.test.ts': 13,
  'examples/client/book.test.ts': 20,
  'test/browser/password.test.ts': 12,
}

/**
 * A file of the project `node` that takes this long starts before all others: it mostly waits for the processes that it
 * starts.
 */
const startsFirstSeconds = 30

/**
 * Starts the longest files first, project by project, because a worker that changes projects starts a new runtime.
 * Results of earlier runs are ignored, because a fresh clone has none.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number =>
      Object.entries(slowest).find(([name]) => moduleId.endsWith(`/${name}`))?.[1] ?? 0
    const projects = ['d1', 'libsql', 'cost', 'node', 'service']
    const rank = (file: TestSpecification): number => {
      const place = projects.indexOf(file.project.name)
      return file.project.name === 'node' && seconds(file) >= startsFirstSeconds ? -1 : place
    }
    return files.toSorted((one, other) => rank(one) - rank(other) || seconds(other) - seconds(one))
  }
}
