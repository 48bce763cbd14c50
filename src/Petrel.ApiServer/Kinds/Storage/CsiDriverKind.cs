using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 CSIDriver: the capabilities of a volume driver, and what it needs from the cluster.</summary>
internal static class CsiDriverKind
{
    private const long MinTokenSeconds = 600;
    private const long MaxTokenSeconds = 1L << 32;
    private const long MinUpdateSeconds = 10;

    private static readonly string[] FsGroupPolicies = ["File", "None", "ReadWriteOnceWithFSType"];
    private static readonly string[] LifecycleModes = ["Persistent", "Ephemeral"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "CSIDriver", "csidrivers", namespaced: false) with
        {
            Default = static value =>
            {
                var spec = value.Ensure("spec");
                spec.Fill("attachRequired", true);
                spec.Fill("podInfoOnMount", false);
                spec.Fill("storageCapacity", false);
                spec.Fill("fsGroupPolicy", "ReadWriteOnceWithFSType");
                spec.Fill("requiresRepublish", false);
                spec.Fill("seLinuxMount", false);
                if (spec.List("volumeLifecycleModes") is not { Count: > 0 })
                {
                    spec["volumeLifecycleModes"] = new JsonArray("Persistent");
                }
            },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("AttachRequired", "Whether volumes must be attached first.", static o => o.Flag("spec", "attachRequired"), "boolean"),
                Shown("PodInfoOnMount", "Whether it is told of pods.", static o => o.Flag("spec", "podInfoOnMount"), "boolean"),
                Shown("StorageCapacity", "Whether it tells how much is free.", static o => o.Flag("spec", "storageCapacity")),
                Shown("TokenRequests", "The audiences of the tokens that it gets.", static o =>
                    o.Count("spec", "tokenRequests") == 0
                        ? "<unset>"
                        : string.Join(',', o.Items("spec", "tokenRequests").Select(t => t.Text("audience")))
                ),
                Shown(
                    "RequiresRepublish",
                    "Whether it is called again and again.",
                    static o => o.Flag("spec", "requiresRepublish"),
                    "boolean"
                ),
                Shown("Modes", "How long its volumes may live.", static o =>
                    o.Count("spec", "volumeLifecycleModes") == 0
                        ? None
                        : string.Join(',', o.Items("spec", "volumeLifecycleModes").Select(m => m.GetString()))
                ),
                Age,
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (!FsGroupPolicies.Contains(spec.Text("fsGroupPolicy")))
        {
            errors.NotSupported("spec.fsGroupPolicy", spec.Text("fsGroupPolicy"), FsGroupPolicies);
        }
        Tokens(spec, errors);
        foreach (var mode in spec.Texts("volumeLifecycleModes").Where(m => !LifecycleModes.Contains(m)))
        {
            errors.NotSupported("spec.volumeLifecycleModes", mode, LifecycleModes);
        }
        if (spec.Number("nodeAllocatableUpdatePeriodSeconds") is < MinUpdateSeconds and var period)
        {
            errors.Invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, "must be greater than or equal to 10 seconds");
        }
        // Upstream names the first field so.
        foreach (
            var (field, shown) in ((string, string)[])
                [("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")]
        )
        {
            if (old is not null && !JsonNode.DeepEquals(spec[field], old.Child("spec")?[field]))
            {
                errors.Invalid($"spec.{shown}", spec[field], "field is immutable");
            }
        }
    }

    private static void Tokens(JsonObject spec, FieldErrors errors)
    {
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (request, at) in spec.Indexed("tokenRequests", "spec"))
        {
            if (!audiences.Add(request.Text("audience")))
            {
                errors.Duplicate($"{at}.audience", request.Text("audience"));
                continue;
            }
            var seconds = request.Number("expirationSeconds");
            if (seconds < MinTokenSeconds)
            {
                errors.Invalid($"{at}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
            }
            if (seconds > MaxTokenSeconds)
            {
                errors.Invalid($"{at}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
            }
        }
    }
}
