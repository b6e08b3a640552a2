// definitions.mjs BUILD [NINJA]: every file that includes a library is compiled with the same definitions for it. Two spdlogs
// in one program, one in its headers and one in its shared library, break the one-definition rule, and no linker says so.
// What a file includes is what Ninja wrote down when it was compiled; what is not compiled yet is not looked at.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const libraries = [
  { name: 'spdlog', header: /\/spdlog\//, macro: /^(SPDLOG|FMT)_/ },
  { name: 'fmt', header: /\/fmt\/[a-z]+\.h$/, macro: /^FMT_/ },
  { name: 'Asio', header: /\/asio\//, macro: /^(ASIO|RESTINIO)_/ },
  { name: 'nlohmann-json', header: /\/nlohmann\//, macro: /^JSON_/ },
  { name: 'vitals', header: /\/vitals\/[a-z_/]+\.h$/, macro: /^VITALS_NO_/ },
];

// files: [{ name, definitions: [...], includes: [...] }]. Returns one line for each library that is seen in two ways.
function splits(files) {
  const faults = [];
  for (const { name, header, macro } of libraries) {
    const ways = new Map();
    for (const file of files) {
      if (!file.includes.some((path) => header.test(path))) continue;
      const way = file.definitions.filter((text) => macro.test(text)).sort().join(' ') || 'nothing';
      ways.set(way, [...(ways.get(way) ?? []), file.name]);
    }
    if (ways.size < 2) continue;
    faults.push(`${name} is compiled in ${ways.size} ways:`);
    for (const [way, names] of ways) faults.push(`  with ${way}: ${names.slice(0, 5).join(' ')}${names.length > 5 ? ' ...' : ''}`);
  }
  return faults;
}

function built(build, ninja) {
  const commands = new Map();
  for (const { command } of JSON.parse(readFileSync(`${build}/compile_commands.json`))) {
    const output = / -o (\S+)/.exec(command)?.[1];
    if (output) commands.set(output, command);
  }
  const files = [];
  const records = execFileSync(ninja, ['-C', build, '-t', 'deps'], { maxBuffer: 1 << 30, encoding: 'utf8' });
  for (const record of records.split('\n\n')) {
    const [head, ...includes] = record.split('\n').filter((line) => line && !line.startsWith('ninja: '));
    const output = head?.split(':')[0];
    const command = commands.get(output);
    if (!command) continue;
    const definitions = [...command.matchAll(/(?:^| )-D *("[^"]*"|\S+)/g)].map((match) => match[1]);
    files.push({ name: output.replace(/CMakeFiles\/|\.dir|\.o$/g, ''), definitions, includes: includes.map((line) => line.trim()) });
  }
  return files;
}

const compiled = { name: 'a.cc', definitions: ['FMT_SHARED', 'SPDLOG_COMPILED_LIB'], includes: ['/usr/include/spdlog/spdlog.h'] };
const headers = { name: 'b.cc', definitions: [], includes: ['../../src/x.h', '/usr/include/spdlog/logger.h'] };
const without = { name: 'c.cc', definitions: [], includes: ['/usr/include/string.h'] };
if (splits([compiled, headers, without]).length !== 3 || splits([compiled, without]).length !== 0) {
  console.error('definitions.mjs does not find a planted split');
  process.exit(1);
}

const files = built(process.argv[2], process.argv[3] ?? 'ninja');
if (files.length === 0) {
  console.error('nothing is built: no file was looked at');
  process.exit(1);
}
const faults = splits(files);
for (const fault of faults) console.error(fault);
console.log(`${files.length} files looked at`);
process.exit(faults.length === 0 ? 0 : 1);
