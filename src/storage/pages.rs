//! Large pages, where the system has them to give.

/// Below this small pages do.
const MANY_BYTES: usize = 4 << 20;
/// Of a large page, on the systems that are asked.
const PAGE: usize = 2 << 20;

/// Asks for large pages for memory that will be read all over, in no order: with small ones, finding the page takes as long
/// as fetching the line. To be called before the memory is first written to. What is asked for may be refused.
pub(super) fn prefer_large<T>(start: *const T, count: usize) {
    let start = start as usize;
    let end = start + count * size_of::<T>();
    let (first, last) = (start.next_multiple_of(PAGE), end / PAGE * PAGE);
    if first + MANY_BYTES > last {
        return;
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the range is within memory of the caller, whose contents the advice does not change.
    unsafe {
        libc::madvise(first as *mut _, last - first, libc::MADV_HUGEPAGE);
    }
}
