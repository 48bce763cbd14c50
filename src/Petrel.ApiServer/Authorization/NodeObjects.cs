using System.Text;
using System.Text.Json;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Storage;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Which objects concern a node (upstream: the node authorizer's graph): its pods; what those name; the volumes of their claims; what
/// those volumes name; and the attachments of volumes to the node.
/// </summary>
internal sealed class NodeObjects(CacheHub caches)
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Whether the object concerns the node, as far as the caches know.</summary>
    public bool Concern(string node, string resource, ObjectKey key) =>
        resource switch
        {
            "pods" => caches.Of(PodKind.Definition).Current.Find($"{key.Namespace}/{key.Name}") is { } pod
                && IsOn(pod.Parse().RootElement, node),
            "persistentvolumes" => caches.Of(PersistentVolumeKind.Definition).Current.Find(key.Name) is { } volume
                && IsOfPod(volume.Parse().RootElement, node),
            "volumeattachments" => caches.Of(VolumeAttachmentKind.Definition).Current.Find(key.Name) is { } attachment
                && attachment.Parse().RootElement.Text("spec", "nodeName") == node,
            "secrets" => IsNamedByPod(node, resource, key) || IsNamedByVolume(node, key),
            _ => IsNamedByPod(node, resource, key),
        };

    private static bool IsOn(JsonElement pod, string node) => pod.Text("spec", "nodeName") == node;

    private bool IsOfPod(JsonElement volume, string node)
    {
        var claim = new ObjectKey(volume.Text("spec", "claimRef", "namespace"), volume.Text("spec", "claimRef", "name"));
        return claim.Name.Length > 0 && IsNamedByPod(node, "persistentvolumeclaims", claim);
    }

    private bool IsNamedByPod(string node, string resource, ObjectKey key)
    {
        var snapshot = caches.Of(PodKind.Definition).Current;
        var (start, end) = snapshot.Range(key.Namespace + "/", null);
        var marks = new[] { $"\"{node}\"", $"\"{key.Name}\"" }.Select(Encoding.UTF8.GetBytes).ToArray();
        foreach (var item in snapshot.Between(start, end))
        {
            // Parse only pods that contain both names. The names of ephemeral claims are put together.
            if (!item.Contains(marks[0]) || !(item.Contains(marks[1]) || resource == "persistentvolumeclaims"))
            {
                continue;
            }
            using var document = item.Parse();
            var pod = document.RootElement;
            // An agent creates mirror pods itself: they give it nothing.
            if (
                IsOn(pod, node)
                && pod.Text("metadata", "annotations", MirrorAnnotation).Length == 0
                && PodNamedObjects.Of(pod, resource).Contains(key.Name)
            )
            {
                return true;
            }
        }
        return false;
    }

    private bool IsNamedByVolume(string node, ObjectKey secret)
    {
        var mark = Encoding.UTF8.GetBytes($"\"{secret.Name}\"");
        var snapshot = caches.Of(PersistentVolumeKind.Definition).Current;
        foreach (var item in snapshot.Between(0, snapshot.Objects.Count))
        {
            if (!item.Contains(mark))
            {
                continue;
            }
            using var document = item.Parse();
            var volume = document.RootElement;
            if (VolumeSecrets.Of(volume).Contains(secret) && IsOfPod(volume, node))
            {
                return true;
            }
        }
        return false;
    }
}
