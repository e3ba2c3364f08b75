//! Inputs of the workloads: columns of numbers, a pure function of workload and scale.

/// A relation as it goes in: its name in the program, and its columns.
pub struct Input {
    pub relation: &'static str,
    pub columns: Vec<Vec<i32>>,
}

/// The workloads, in the order in which they are run.
pub const WORKLOADS: [&str; 6] = ["tc", "sg", "reach", "tri", "cspa", "ecosystem"];

/// The rules of a workload.
pub fn program(workload: &str) -> Option<&'static str> {
    Some(match workload {
        "tc" => include_str!("../programs/tc.dl"),
        "sg" => include_str!("../programs/sg.dl"),
        "reach" => include_str!("../programs/reach.dl"),
        "tri" => include_str!("../programs/tri.dl"),
        "cspa" => include_str!("../programs/cspa.dl"),
        "ecosystem" => include_str!("../programs/ecosystem.dl"),
        _ => return None,
    })
}

/// The facts of a workload. At scale 1 they are of the size that `docs/performance.md` tells of; closures over random
/// graphs and triangles around a hub take time that grows with the square of their nodes.
pub fn inputs(workload: &str, scale: f64) -> Vec<Input> {
    let size = |full: f64| (full * scale).max(2.0);
    match workload {
        "tc" => vec![pairs("Arc", random_graph(size(5000.0), 5.0, 1))],
        "sg" => vec![pairs("Arc", random_graph(size(5000.0), 4.0, 2))],
        "reach" => reach(size(12e6)),
        "tri" => vec![pairs("Arc", hub(size(200_000.0 * scale) as i32))],
        "cspa" => cspa(size(150_000.0) as usize, size(36_000.0) as usize),
        "ecosystem" => ecosystem(scale),
        _ => Vec::new(),
    }
}

fn pairs(relation: &'static str, (x, y): (Vec<i32>, Vec<i32>)) -> Input {
    Input {
        relation,
        columns: vec![x, y],
    }
}

/// Every pair of nodes is an arc with the same chance (Gilbert, 1959); `degree` arcs leave a node on average.
fn random_graph(nodes: f64, degree: f64, seed: u64) -> (Vec<i32>, Vec<i32>) {
    let mut random = Random::new(seed);
    let n = nodes as u64;
    // The number of arcs is binomial, hence almost normal.
    let mean = nodes * degree;
    let arcs = mean + random.normal() * (mean * (1.0 - degree / nodes)).max(0.0).sqrt();
    distinct((0..arcs as u64).map(|_| random.below(n * n)).collect(), n)
}

/// A skewed graph, as of who cites whom: each bit of both ends is drawn from one 2x2 table (Chakrabarti, Zhan and
/// Faloutsos, 2004). What can be reached from its first node.
fn reach(arcs: f64) -> Vec<Input> {
    let mut random = Random::new(3);
    let bits = ((arcs / 12e6).log2() + 20.0).round().max(2.0) as u32;
    let keys = (0..arcs as u64).map(|_| {
        let (mut x, mut y) = (0u64, 0u64);
        for bit in 0..bits {
            let r = random.unit();
            x |= u64::from(r >= 0.76) << bit;
            y |= u64::from((0.57..0.76).contains(&r) || r >= 0.95) << bit;
        }
        x << bits | y
    });
    let (x, y) = distinct(keys.collect(), 1 << bits);
    let first = x.first().copied().unwrap_or_default();
    vec![
        pairs("Arc", (x, y)),
        Input {
            relation: "Source",
            columns: vec![vec![first]],
        },
    ]
}

/// Arcs from a hub to everyone and back, and from everyone to the next: few triangles, but a join of any two atoms of
/// the rule passes through the hub in all combinations.
fn hub(nodes: i32) -> (Vec<i32>, Vec<i32>) {
    let spokes = 1..=nodes;
    let out = spokes.clone().map(|node| (0, node));
    let back = spokes.clone().map(|node| (node, 0));
    let next = spokes.map(|node| (node, node + 1));
    out.chain(back).chain(next).unzip()
}

/// Assignments of a program, mostly trees, and sparse dereferences.
fn cspa(variables: usize, dereferences: usize) -> Vec<Input> {
    let mut random = Random::new(5);
    let mut assign = (Vec::new(), Vec::new());
    for variable in 0..variables {
        let from = (random.unit() * variable as f64 * 0.999) as i32;
        if random.unit() < 0.41 {
            assign.0.push(variable as i32);
            assign.1.push(from);
        }
    }
    let mut any = || random.below(variables as u64) as i32;
    let dereference = (0..dereferences).map(|_| (any(), any())).unzip();
    vec![pairs("Assign", assign), pairs("Dereference", dereference)]
}

/// A country: agencies in a hierarchy, firms, contracts, subcontracts, shares, staff, intrusion sets and their tools.
fn ecosystem(scale: f64) -> Vec<Input> {
    const FIRM: i32 = 10_000_000;
    const PERSON: i32 = 20_000_000;
    const GROUP: i32 = 30_000_000;
    const TOOL: i32 = 40_000_000;
    let mut random = Random::new(8);
    let many = |full: u64| ((full as f64 * scale) as u64).max(2);
    let (agencies, firms, people) = (many(4_000), many(400_000), many(900_000));
    let (groups, tools) = (many(3_000), many(5_000));

    let reports_to = (1..agencies)
        .map(|unit| (unit as i32, (random.unit().powi(2) * unit as f64) as i32))
        .unzip();
    let mut contract = vec![Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..many(260_000) {
        contract[0].push(random.below(agencies) as i32);
        contract[1].push(FIRM + random.skewed(firms));
        contract[2].push(2002 + random.below(23) as i32);
    }
    let subcontract = (0..many(280_000))
        .map(|_| {
            let (a, b) = (random.below(firms), random.below(firms));
            let (low, high) = (a.min(b), a.max(b));
            let near = low + random.geometric(1.0 / 3000.0).min(high - low);
            (FIRM + low as i32, FIRM + near.min(firms - 1) as i32)
        })
        .unzip();
    let mut owns = vec![Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..many(450_000) {
        let firm = 1 + random.below(firms - 1);
        owns[0].push(FIRM + (firm as f64 * random.unit()) as i32);
        owns[1].push(FIRM + firm as i32);
        owns[2].push(1 + random.below(100) as i32);
    }
    let employs = (0..many(1_200_000))
        .map(|_| {
            let firm = FIRM + random.skewed(firms);
            (firm, PERSON + random.below(people) as i32)
        })
        .unzip();
    let member = (0..many(20_000))
        .map(|_| {
            let person = PERSON + random.below(people) as i32;
            (person, GROUP + random.below(groups) as i32)
        })
        .unzip();
    let uses = (0..many(30_000))
        .map(|_| {
            let group = GROUP + random.below(groups) as i32;
            (group, TOOL + random.skewed(tools))
        })
        .unzip();
    let develops = (0..many(12_000))
        .map(|_| {
            let firm = FIRM + random.below(firms) as i32;
            (firm, TOOL + random.skewed(tools))
        })
        .unzip();
    let wide = |relation, columns| Input { relation, columns };
    vec![
        pairs("reports_to", reports_to),
        wide("contract", contract),
        pairs("subcontract", subcontract),
        wide("owns", owns),
        pairs("employs", employs),
        pairs("member", member),
        pairs("uses", uses),
        pairs("develops", develops),
    ]
}

/// Keys as pairs, each once, ascending.
fn distinct(mut keys: Vec<u64>, base: u64) -> (Vec<i32>, Vec<i32>) {
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .map(|key| ((key / base) as i32, (key % base) as i32))
        .unzip()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): one number, one step, the same everywhere.
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Mean 0, deviation 1 (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Tries until the first success, from 1.
    fn geometric(&mut self, chance: f64) -> u64 {
        ((1.0 - self.unit()).ln() / (1.0 - chance).ln()) as u64 + 1
    }

    /// `k` with a chance in proportion to `k` to the power of -1.6, by rejection (Devroye, 1986).
    fn zipf(&mut self) -> u64 {
        const EXPONENT: f64 = 1.6;
        let b = 2f64.powf(EXPONENT - 1.0);
        loop {
            let (u, v) = (1.0 - self.unit(), self.unit());
            let x = u.powf(-1.0 / (EXPONENT - 1.0)).floor();
            let t = (1.0 + 1.0 / x).powf(EXPONENT - 1.0);
            if x < 1e18 && v * x * (t - 1.0) / (b - 1.0) <= t / b {
                return x as u64;
            }
        }
    }

    /// Evenly below `end`, but for one in seven that follows Zipf's law.
    fn skewed(&mut self, end: u64) -> i32 {
        let value = match self.unit() < 0.15 {
            true => self.zipf().wrapping_mul(2_654_435_761),
            false => self.below(end),
        };
        (value % end) as i32
    }
}
