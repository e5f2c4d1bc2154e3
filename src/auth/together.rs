//! Many who ask for the same kind of thing at once are answered by one statement.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Semaphore, oneshot};

use super::memory::shared;
use crate::error::Error;

/// Who waits for what is found under a name.
type Waiting<T> = Vec<(String, oneshot::Sender<Result<Option<T>, Error>>)>;

/// While as many statements run as may, whoever comes waits, and the next statement asks for what all of them want.
pub struct Together<T> {
    waiting: Mutex<Waiting<T>>,
    turns: Semaphore,
}

/// How many statements run at a time: of two, one that hangs does not keep everybody.
const TURNS: usize = 2;

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(TURNS) }
    }
}

impl<T: Clone> Together<T> {
    /// What is under a name, or that there is nothing, as `load` finds it for many names. Nobody gets what was read before
    /// they asked.
    pub async fn find<F>(&self, name: &str, load: impl Fn(Vec<String>) -> F) -> Result<Option<T>, Error>
    where
        F: Future<Output = Result<HashMap<String, T>, Error>>,
    {
        loop {
            let (sender, mut answer) = oneshot::channel();
            self.waiting().push((name.to_owned(), sender));
            let turn = tokio::select! {
                biased;
                found = &mut answer => match found {
                    Ok(found) => return found,
                    Err(_) => continue,
                },
                turn = self.turns.acquire() => turn,
            };
            // Somebody else may be asking for this one already, and perhaps for all.
            let asked = mem::take(&mut *self.waiting());
            if !asked.is_empty() {
                let found = load(asked.iter().map(|(name, _)| name.clone()).collect()).await;
                tell(asked, &found);
            }
            drop(turn);
            // Nothing comes of one who was asking and was dropped.
            if let Ok(found) = answer.await {
                return found;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell<T: Clone>(asked: Waiting<T>, found: &Result<HashMap<String, T>, Error>) {
    for (name, sender) in asked {
        let found = found.as_ref().map(|found| found.get(&name).cloned()).map_err(shared);
        // Who has hung up is not told.
        let _ = sender.send(found);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::{sync::Notify, task::JoinHandle};

    use super::*;
    use crate::store::StoreError;

    /// Finds each name but `nobody`, once it may.
    #[derive(Default)]
    struct Asked {
        together: Together<String>,
        statements: Mutex<Vec<usize>>,
        may: Notify,
        fails: bool,
    }

    impl Asked {
        fn spawn(self: &Arc<Self>, name: &str) -> JoinHandle<Result<Option<String>, Error>> {
            let (asked, name) = (Arc::clone(self), name.to_owned());
            tokio::spawn(async move { asked.together.find(&name, |names| asked.load(names)).await })
        }

        async fn load(&self, names: Vec<String>) -> Result<HashMap<String, String>, Error> {
            self.statements.lock().expect("a lock").push(names.len());
            self.may.notified().await;
            if self.fails {
                return Err(StoreError::Unavailable("gone".to_owned()).into());
            }
            let names = names.into_iter().filter(|name| name != "nobody");
            Ok(names.map(|name| (name.clone(), format!("it is {name}"))).collect())
        }

        fn statements(&self) -> Vec<usize> {
            self.statements.lock().expect("a lock").clone()
        }
    }

    /// One after the other, as far as each gets.
    async fn crowd(asked: &Arc<Asked>) -> Vec<(String, JoinHandle<Result<Option<String>, Error>>)> {
        let mut crowd = Vec::new();
        for name in (0..100).map(|number| number.to_string()).chain(["nobody".to_owned()]) {
            crowd.push((name.clone(), asked.spawn(&name)));
            tokio::task::yield_now().await;
        }
        crowd
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_takes_three_statements_and_each_gets_their_own() {
        let asked = Arc::new(Asked::default());
        let crowd = crowd(&asked).await;
        assert_eq!(asked.statements(), [1, 1], "as many as may run");
        for _ in 0..3 {
            asked.may.notify_one();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for (name, found) in crowd {
            let found = found.await.expect("no panic").expect("an answer");
            assert_eq!(found, (name != "nobody").then(|| format!("it is {name}")));
        }
        assert_eq!(asked.statements(), [1, 1, 99]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_up_while_asking_for_all_keeps_nobody_waiting() {
        let asked = Arc::new(Asked::default());
        let mut crowd = crowd(&asked).await;
        asked.may.notify_one();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(asked.statements(), [1, 1, 99]);
        // Those who ask are the first, the second and, for all others, the third.
        for (_, asks) in crowd.drain(1..3) {
            asks.abort();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        asked.may.notify_waiters();
        tokio::time::sleep(Duration::from_millis(1)).await;
        asked.may.notify_waiters();
        for (_, found) in crowd {
            found.await.expect("no panic").expect("an answer");
        }
        assert!(asked.statements().len() < 7, "{:?}", asked.statements());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_to_all_whom_it_concerns() {
        let asked = Arc::new(Asked { fails: true, ..Asked::default() });
        let crowd = crowd(&asked).await;
        for _ in 0..3 {
            asked.may.notify_one();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for (_, found) in crowd {
            let found = found.await.expect("no panic");
            assert!(matches!(found, Err(Error::Store(StoreError::Unavailable(_)))), "{found:?}");
        }
        assert_eq!(asked.statements(), [1, 1, 99]);
    }
}
