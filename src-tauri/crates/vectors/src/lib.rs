//! Vectors as small whole numbers.
//!
//! [`Quantized`] is a vector as it lies in the store: one signed byte a dimension and one scale for all of them. [`Index`] holds
//! many of them in memory and finds the nearest by looking at every one; at the speed of memory that is faster than a graph
//! up to a hundred thousand, it is exact, and a row is inserted or removed in no time. [`kernels`] is the arithmetic, in the
//! widest instructions that this processor has; the model that makes vectors uses it too.
//!
//! No IO, no threads, no dependencies. Who stores the rows is not known here.

mod index;
#[expect(unsafe_code, reason = "vector instructions: the one module of the house that has any")]
pub mod kernels;
mod quantized;
mod top;

pub use index::{Hit, Index, WrongLength};
pub use quantized::{Quantized, bytes, codes};
