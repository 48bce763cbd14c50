using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's defaults of a pod's volumes.</summary>
internal static class VolumeDefaults
{
    private const int FileMode = 420; // 0644

    /// <summary>Fills in one volume; one without a source is an emptyDir.</summary>
    public static void Volume(JsonObject volume)
    {
        if (!volume.Any(member => member.Key != "name" && member.Value is not null))
        {
            volume["emptyDir"] = new JsonObject();
        }
        foreach (var source in new[] { "secret", "configMap", "downwardAPI", "projected" })
        {
            volume.Child(source)?.Fill("defaultMode", FileMode);
        }
        DownwardItems(volume.Child("downwardAPI"));
        foreach (var source in volume.Child("projected").Objects("sources"))
        {
            DownwardItems(source.Child("downwardAPI"));
            source.Child("serviceAccountToken")?.Fill("expirationSeconds", 3600);
        }
        if (volume.Child("hostPath") is { } hostPath && !hostPath.Has("type"))
        {
            hostPath["type"] = "";
        }
        if (volume.Child("image") is { } image)
        {
            image.Fill("pullPolicy", PodDefaults.PullPolicy(image.Text("reference")));
        }
        volume.Child("ephemeral").Child("volumeClaimTemplate").Child("spec")?.Fill("volumeMode", "Filesystem");
        volume.Child("iscsi")?.Fill("iscsiInterface", "default");
        if (volume.Child("rbd") is { } rbd)
        {
            rbd.Fill("pool", "rbd");
            rbd.Fill("user", "admin");
            rbd.Fill("keyring", "/etc/ceph/keyring");
        }
        if (volume.Child("azureDisk") is { } azureDisk)
        {
            azureDisk.Fill("cachingMode", "ReadWrite");
            azureDisk.Fill("kind", "Shared");
            azureDisk.Fill("fsType", "ext4");
            azureDisk.Fill("readOnly", false);
        }
        if (volume.Child("scaleIO") is { } scaleIO)
        {
            scaleIO.Fill("storageMode", "ThinProvisioned");
            scaleIO.Fill("fsType", "xfs");
        }
    }

    private static void DownwardItems(JsonObject? files)
    {
        foreach (var item in files.Objects("items"))
        {
            item.Child("fieldRef")?.Fill("apiVersion", "v1");
        }
    }
}
