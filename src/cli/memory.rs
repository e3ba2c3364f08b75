//! Memory of this process.

/// The most memory held at any time, in bytes; `None` where the system does not tell.
pub fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Has large blocks of memory given back as soon as they are free. Tables grow by moving to a larger block; without this the
/// system's allocator keeps many of those they leave, and a run holds up to twice of what it uses.
pub fn give_back_early() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: no other thread runs yet, and both are documented parameters.
    unsafe {
        const LARGE: libc::c_int = 1 << 20;
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}
