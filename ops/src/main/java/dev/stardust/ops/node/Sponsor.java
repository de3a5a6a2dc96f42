package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.cli.ApiClient;

/** A member of a cluster as a node that wants to join needs it; blocks. */
interface Sponsor {
    /** What the member says of its cluster. */
    JsonNode cluster();

    /** Has the newcomer taken in. */
    void admit(JsonNode newcomer);

    /** The member behind an API. */
    static Sponsor at(ApiClient api) {
        return new Sponsor() {
            @Override
            public JsonNode cluster() {
                return api.get("/cluster");
            }

            @Override
            public void admit(JsonNode newcomer) {
                api.post("/cluster/admit", newcomer);
            }
        };
    }

    /** A member in this process. */
    static Sponsor of(NodeService member) {
        return new Sponsor() {
            @Override
            public JsonNode cluster() {
                return member.cluster().toCompletableFuture().join();
            }

            @Override
            public void admit(JsonNode newcomer) {
                member.admit(newcomer).toCompletableFuture().join();
            }
        };
    }
}
