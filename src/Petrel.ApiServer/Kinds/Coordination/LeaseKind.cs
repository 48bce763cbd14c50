using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Coordination;

/// <summary>coordination.k8s.io/v1 Lease: leader election and node heartbeats.</summary>
internal static class LeaseKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("coordination.k8s.io", "v1", "Lease", "leases", namespaced: true) with
        {
            IsCreatedByUpdate = true,
            Validate = Validate,
            Columns = [Name, Shown("Holder", "Who holds the lease.", static o => o.Text("spec", "holderIdentity")), Age],
        };

    private static void Validate(JsonObject lease, JsonObject? old, FieldErrors errors)
    {
        var spec = lease.Child("spec");
        if (spec.Number("leaseDurationSeconds") is <= 0 and var duration)
        {
            errors.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        }
        if (spec.Number("leaseTransitions") is < 0 and var transitions)
        {
            errors.Invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
        }
        if (spec.Has("preferredHolder") && !spec.Has("strategy"))
        {
            errors.Forbidden("spec.preferredHolder", "strategy must be specified when preferredHolder is specified");
        }
    }
}
