//! The map against the standard library's, the sort against the standard library's.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn sorts_as_the_standard_library_does(numbers in proptest::collection::vec(0_u8..20, 0..60)) {
        let mut expected: Vec<(u8, usize)> = numbers.into_iter().zip(0..).collect();
        let mut sorted = expected.clone();
        expected.sort_by_key(|(number, _)| *number);
        sort_by_key(&mut sorted, |(number, _)| *number);
        prop_assert_eq!(sorted, expected);
    }

    #[test]
    fn maps_as_the_standard_library_does(entries in proptest::collection::vec(("[a-d]{0,2}", any::<u8>(), any::<bool>()), 0..40)) {
        let mut expected = BTreeMap::new();
        let mut map = Map::new();
        for (key, value, inserted) in &entries {
            if *inserted {
                expected.insert(key.clone(), *value);
                map.insert(key.clone(), *value);
            } else {
                prop_assert_eq!(map.remove(key), expected.remove(key));
            }
            prop_assert_eq!(map.get(key), expected.get(key));
            prop_assert_eq!(map.contains(key), expected.contains_key(key));
        }
        prop_assert!(map.iter().eq(&expected));
        prop_assert!(map.keys().eq(expected.keys()) && map.values().eq(expected.values()));
        let all = || entries.iter().map(|(key, value, _)| (key.clone(), *value));
        let (collected, expected): (Map<_, _>, BTreeMap<_, _>) = (all().collect(), all().collect());
        prop_assert!(collected.into_iter().eq(expected));
    }
}
