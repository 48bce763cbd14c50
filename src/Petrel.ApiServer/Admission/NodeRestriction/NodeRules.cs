using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Admission.NodeRestriction;

/// <summary>What a node's agent may not do to objects. Each rule returns the reason for its refusal, or null.</summary>
internal static class NodeRules
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>
    /// A pod that an agent creates must be a mirror pod: it shows a static pod, is owned by its node (<paramref name="nodeUid"/>) and
    /// refers to no other object.
    /// </summary>
    public static string? CreatePod(string node, string? nodeUid, JsonObject pod)
    {
        var (metadata, spec) = (pod.Child("metadata"), pod.Child("spec"));
        if (metadata.Child("annotations")?.ContainsKey(MirrorAnnotation) != true)
        {
            return $"pod does not have \"{MirrorAnnotation}\" annotation, node \"{node}\" can only create mirror pods";
        }
        if (spec.Text("nodeName") != node)
        {
            return $"node \"{node}\" can only create pods with spec.nodeName set to itself";
        }
        return Owner(node, nodeUid, [.. metadata.Objects("ownerReferences")]) ?? References(node, spec);
    }

    /// <summary>The status of a pod, from the pod as it is.</summary>
    public static string? UpdatePodStatus(string node, JsonObject pod, JsonObject old)
    {
        if (old.Child("spec").Text("nodeName") != node)
        {
            return $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself";
        }
        if (!Same(Labels(pod), Labels(old)))
        {
            return $"node \"{node}\" cannot update labels through pod status";
        }
        return Same(pod.Child("status").List("resourceClaimStatuses"), old.Child("status").List("resourceClaimStatuses"))
            ? null
            : $"node \"{node}\" cannot update resource claim statues";
    }

    /// <summary>An update of a claim's status may change its size and conditions only.</summary>
    public static string? UpdateClaimStatus(string node, JsonObject claim, JsonObject old, SchemaType schema)
    {
        static JsonObject Rest(JsonObject claim)
        {
            var rest = claim.DeepClone().AsObject();
            foreach (var field in (string[])["resourceVersion", "managedFields"])
            {
                rest.Child("metadata")?.Remove(field);
            }
            foreach (var field in (string[])["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"])
            {
                rest.Child("status")?.Remove(field);
            }
            return rest;
        }

        return SemanticEquality.Equal(Rest(claim), Rest(old), schema)
            ? null
            : $"node \"{node}\" is not allowed to update fields other than status.capacity and status.conditions";
    }

    public static string? CreateNode(string node, JsonObject created)
    {
        if (created.Child("spec").Has("configSource"))
        {
            return $"node \"{node}\" is not allowed to create pods with a non-nil configSource";
        }
        var labels = NodeLabels.ForbiddenChanges(created, null);
        return labels.Count == 0 ? null : $"node \"{node}\" is not allowed to set the following labels: {string.Join(", ", labels)}";
    }

    public static string? UpdateNode(string node, JsonObject changed, JsonObject old)
    {
        var (spec, before) = (changed.Child("spec"), old.Child("spec"));
        if (spec.Child("configSource") is { } source && !Same(source, before.Child("configSource")))
        {
            return $"node \"{node}\" is not allowed to update configSource to a new non-nil configSource";
        }
        if (!Same(spec.List("taints"), before.List("taints")))
        {
            return $"node \"{node}\" is not allowed to modify taints";
        }
        if (!Same(Owners(changed), Owners(old)))
        {
            return $"node \"{node}\" is not allowed to modify ownerReferences";
        }
        var labels = NodeLabels.ForbiddenChanges(changed, old);
        return labels.Count == 0 ? null : $"is not allowed to modify labels: {string.Join(", ", labels)}";
    }

    /// <summary>An agent may request tokens only for pods of its node, which it must name with their uid.</summary>
    public static string? CreateToken(string node, JsonObject request, JsonObject? pod)
    {
        var reference = Bound(request);
        var uid = reference.Text("uid");
        if (uid.Length == 0)
        {
            return "node requested token with a pod binding without a uid";
        }
        if (pod.Child("metadata").Text("uid") is var recorded && uid != recorded)
        {
            return $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been "
                + $"deleted and then recreated";
        }
        return pod.Child("spec").Text("nodeName") == node ? null : "node requested token bound to a pod scheduled on a different node";
    }

    /// <summary>The pod that a token is to be bound to, or null.</summary>
    public static JsonObject? Bound(JsonObject? tokenRequest) =>
        tokenRequest.Child("spec").Child("boundObjectRef") is { } reference
        && reference.Text("kind") == "Pod"
        && reference.Text("apiVersion") == "v1"
        && reference.Text("name").Length > 0
            ? reference
            : null;

    private static string? Owner(string node, string? nodeUid, JsonObject[] owners)
    {
        if (owners.Length > 1)
        {
            return $"node \"{node}\" can only create pods with a single owner reference set to itself";
        }
        if (owners is not [var owner] || owner.Text("apiVersion") != "v1" || owner.Text("kind") != "Node" || owner.Text("name") != node)
        {
            return $"node \"{node}\" can only create pods with an owner reference set to itself";
        }
        if (owner.Flag("controller") != true)
        {
            return $"node \"{node}\" can only create pods with a controller owner reference set to itself";
        }
        if (owner.Flag("blockOwnerDeletion") == true)
        {
            return $"node \"{node}\" must not set blockOwnerDeletion on an owner reference";
        }
        return owner.Text("uid") == nodeUid ? null : $"node {node} UID mismatch: expected {owner.Text("uid")} got {nodeUid}";
    }

    private static string? References(string node, JsonObject? spec)
    {
        var what =
            spec.Text("serviceAccountName").Length > 0 ? "reference a service account"
            : PodSpecReferences.Secrets(spec).Any() ? "reference secrets"
            : PodSpecReferences.ConfigMaps(spec).Any() ? "reference configmaps"
            : spec.Objects("volumes").SelectMany(v => v.Child("projected").Objects("sources")).Any(s => s.Has("clusterTrustBundle"))
                ? "reference clustertrustbundles"
            : spec.Objects("volumes").Any(v => v.Has("persistentVolumeClaim")) ? "reference persistentvolumeclaims"
            : null;
        return what is null ? null : $"node \"{node}\" can not create pods that {what}";
    }

    // An empty list equals an absent one.
    private static bool Same(JsonNode? left, JsonNode? right)
    {
        static JsonNode? Stated(JsonNode? node) => node is JsonArray { Count: 0 } or JsonObject { Count: 0 } ? null : node;

        return JsonNode.DeepEquals(Stated(left), Stated(right));
    }

    private static JsonNode? Labels(JsonObject document) => document.Child("metadata").Child("labels");

    private static JsonNode? Owners(JsonObject document) => document.Child("metadata").List("ownerReferences");
}
