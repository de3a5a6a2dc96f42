package dev.stardust.cluster.registry;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.DomainContextBase;

/** Transactions over few names, so that they meet. */
final class TxnArbitraries extends DomainContextBase {
    private final Arbitrary<String> keys = Arbitraries.of("a", "a/b", "a/c", "b", "é/ü", "zz");
    private final Arbitrary<String> leases = Arbitraries.of("h1", "h2", "h3");
    private final Arbitrary<String> values = Arbitraries.of("", "1", "2", "{\"x\":1}", "\u20ac");
    private final Arbitrary<Long> revisions = Arbitraries.longs().between(0, 12);

    @Provide
    Arbitrary<Txn> txns() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 60),
                        compare().list().ofMaxSize(2),
                        op().list().ofMaxSize(4),
                        op().list().ofMaxSize(2))
                .as((id, when, then, otherwise) -> new Txn("r" + id, when, then, otherwise));
    }

    @Provide
    Arbitrary<List<Txn>> histories() {
        return txns().list().ofMaxSize(40);
    }

    private Arbitrary<Compare> compare() {
        return Arbitraries.oneOf(
                keys.map(Compare.Absent::new),
                Combinators.combine(keys, revisions).as(Compare.AtRevision::new),
                Combinators.combine(keys, values).as(Compare.HasValue::new),
                Arbitraries.longs().between(1, 3).map(Compare.InTerm::new),
                leases.map(Compare.LeaseAlive::new),
                leases.map(Compare.LeaseDead::new),
                Combinators.combine(leases, revisions).as(Compare.LeaseAtRevision::new));
    }

    private Arbitrary<Op> op() {
        return Arbitraries.oneOf(
                Combinators.combine(keys, values).as((k, v) -> new Op.Put(k, v)),
                Combinators.combine(keys, values, leases).as((k, v, l) -> new Op.Put(k, v, l)),
                keys.map(Op.Delete::new),
                Combinators.combine(leases, Arbitraries.longs().between(1, 9)).as(Op.LeaseRenew::new),
                Combinators.combine(leases, values).as(Op.LeaseEnd::new));
    }
}
