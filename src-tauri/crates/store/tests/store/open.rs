//! Opening: what is there is never overwritten, and each trouble is told apart.

mod damage;
mod disk;
mod locks;
mod modes;
mod place;
