using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Node.</summary>
internal static class NodeKind
{
    private const string RolePrefix = "node-role.kubernetes.io/";
    private const string Unknown = "<unknown>";

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Node", "nodes", namespaced: false) with
        {
            ShortNames = ["no"],
            HasStatus = true,
            Default = static node =>
            {
                Ranges(node.Ensure("spec"));
                // Allocatable defaults to the capacity.
                if (node.Child("status").Child("capacity") is { } capacity && !node.Child("status").Has("allocatable"))
                {
                    node.Ensure("status")["allocatable"] = capacity.DeepClone();
                }
            },
            Validate = NodeValidation.Validate,
            Columns =
            [
                Name,
                Shown("Status", "Whether it is ready, and whether pods may be scheduled to it.", Status),
                Shown("Roles", "What the node is for, by its labels.", static o => string.Join(',', Roles(o)).OrNone()),
                Age,
                Shown("Version", "The version of its agent.", static o => o.Text("status", "nodeInfo", "kubeletVersion")),
                Wide("Internal-IP", "Its address inside the cluster.", static o => Address(o, "InternalIP")),
                Wide("External-IP", "Its address outside of the cluster.", static o => Address(o, "ExternalIP")),
                Wide("OS-Image", "Its operating system.", static o => OrUnknown(o.Text("status", "nodeInfo", "osImage"))),
                Wide("Kernel-Version", "Its kernel.", static o => OrUnknown(o.Text("status", "nodeInfo", "kernelVersion"))),
                Wide("Container-Runtime", "What runs its containers.", static o =>
                    OrUnknown(o.Text("status", "nodeInfo", "containerRuntimeVersion"))
                ),
            ],
            SelectableFields = Selectable([]).With("spec.unschedulable", static o => o.Flag("spec", "unschedulable") ? "true" : "false"),
        };

    // podCIDR is the first of podCIDRs and wins where they differ: an older client sets only podCIDR.
    private static void Ranges(JsonObject spec)
    {
        var first = spec.Text("podCIDR");
        if (first.Length > 0 && spec.Texts("podCIDRs").FirstOrDefault() != first)
        {
            spec["podCIDRs"] = new JsonArray(first);
        }
        else if (first.Length == 0 && spec.Texts("podCIDRs").FirstOrDefault() is { } only)
        {
            spec["podCIDR"] = only;
        }
    }

    private static string Status(JsonElement node)
    {
        var ready = node.Items("status", "conditions").Where(c => c.Text("type") == "Ready").Select(c => c.Text("status")).FirstOrDefault();
        var status = ready switch
        {
            "True" => "Ready",
            null => "Unknown",
            _ => "NotReady",
        };
        return node.Flag("spec", "unschedulable") ? $"{status},SchedulingDisabled" : status;
    }

    private static IEnumerable<string> Roles(JsonElement node)
    {
        if (node.At("metadata", "labels") is not { ValueKind: JsonValueKind.Object } labels)
        {
            return [];
        }
        return labels
            .EnumerateObject()
            .Select(l =>
                l.Name.StartsWith(RolePrefix, StringComparison.Ordinal) ? l.Name[RolePrefix.Length..]
                : l.Name == "kubernetes.io/role" ? l.Value.GetString()!
                : ""
            )
            .Where(r => r.Length > 0)
            .Distinct()
            .Order(StringComparer.Ordinal);
    }

    private static string Address(JsonElement node, string type) =>
        node.Items("status", "addresses").Where(a => a.Text("type") == type).Select(a => a.Text("address")).FirstOrDefault("").OrNone();

    private static string OrUnknown(string text) => text.Length == 0 ? Unknown : text;
}
