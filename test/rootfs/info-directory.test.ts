import assert from 'node:assert/strict'
import { test } from 'vitest'
import { sortedInfoDirectory } from '../../src/rootfs/info-directory.ts'

const head = 'This is the file .../info/dir\n\x1f\nFile: dir,\tNode: Top\n\n* Menu:\n\n'
const basics = 'Basics\n* Common options: (coreutils)Common options.\n* Find: (find).'
const utilities =
  'Individual utilities\n* cmp: (diffutils)Invoking cmp.\n* diff: (diffutils)Invoking diff.\n                  Compares.'

test('the directory of Info is the same, in whichever order the disk lists the manuals', () => {
  const found =
    'Individual utilities\n* diff: (diffutils)Invoking diff.\n                  Compares.\n* cmp: (diffutils)Invoking cmp.'
  assert.equal(sortedInfoDirectory(`${head}${found}\n\n${basics}\n`), `${head}${basics}\n\n${utilities}\n`)
  assert.equal(sortedInfoDirectory(`${head}${basics}\n\n${utilities}\n`), `${head}${basics}\n\n${utilities}\n`)
})

test('what has no menu is no directory of Info, and is left alone', () => {
  assert.equal(sortedInfoDirectory('* Find: (find).\n'), undefined)
})
