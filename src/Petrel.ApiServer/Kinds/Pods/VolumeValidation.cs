using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for a pod's volumes and the mounts of its containers.</summary>
internal static class VolumeValidation
{
    private static readonly string[] HostPathTypes =
    [
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];

    private static readonly string[] RecursiveReadOnlyModes = ["Disabled", "Enabled", "IfPossible"];

    private static readonly string[] Propagations = ["Bidirectional", "HostToContainer", "None"];

    /// <summary>Checks the volumes; returns the names of the good ones.</summary>
    public static IReadOnlySet<string> Volumes(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (volume, at) in spec.Indexed("volumes", path))
        {
            var name = volume.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (NameSyntax.LabelProblem(name) is { } problem)
            {
                errors.Invalid($"{at}.name", name, problem);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
            Source(volume, at, errors);
        }
        return names;
    }

    public static void Mounts(JsonObject container, string path, IReadOnlySet<string> volumes, FieldErrors errors)
    {
        var mountPaths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (mount, at) in container.Indexed("volumeMounts", path))
        {
            var name = mount.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (!volumes.Contains(name))
            {
                errors.NotFound($"{at}.name", name);
            }
            var target = mount.Text("mountPath");
            if (target.Length == 0)
            {
                errors.Required($"{at}.mountPath");
            }
            else if (!mountPaths.Add(target))
            {
                errors.Invalid($"{at}.mountPath", target, "must be unique");
            }
            Descending(mount.Text("subPath"), $"{at}.subPath", errors);
            Descending(mount.Text("subPathExpr"), $"{at}.subPathExpr", errors);
            if (mount.Text("subPath").Length > 0 && mount.Text("subPathExpr").Length > 0)
            {
                errors.Invalid($"{at}.subPathExpr", mount.Text("subPathExpr"), "subPathExpr and subPath are mutually exclusive");
            }
            if (mount.Text("mountPropagation") is { Length: > 0 } propagation && !Propagations.Contains(propagation))
            {
                errors.NotSupported($"{at}.mountPropagation", propagation, Propagations);
            }
            if (mount.Text("mountPropagation") == "Bidirectional" && container.Child("securityContext").Flag("privileged") != true)
            {
                errors.Forbidden($"{at}.mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
            }
            RecursiveReadOnly(mount, $"{at}.recursiveReadOnly", errors);
        }
    }

    private static void RecursiveReadOnly(JsonObject mount, string path, FieldErrors errors)
    {
        switch (mount.Text("recursiveReadOnly"))
        {
            case "" or "Disabled":
                break;
            case "Enabled" or "IfPossible":
                if (mount.Flag("readOnly") != true)
                {
                    errors.Forbidden(path, "may only be specified when readOnly is true");
                }
                if (mount.Text("mountPropagation") is not ("" or "None"))
                {
                    errors.Forbidden(path, "may only be specified when mountPropagation is None or not specified");
                }
                break;
            case var mode:
                errors.NotSupported(path, mode, RecursiveReadOnlyModes);
                break;
        }
    }

    /// <summary>A directory or file of the node, as a pod's volume or a cluster's.</summary>
    public static void HostPath(JsonObject source, string path, FieldErrors errors)
    {
        Needed(source, "path", path, errors);
        NoBackSteps(source.Text("path"), $"{path}.path", errors);
        if (!HostPathTypes.Contains(source.Text("type")))
        {
            errors.NotSupported($"{path}.type", source.Text("type"), HostPathTypes);
        }
    }

    /// <summary>A directory of a file server, as a pod's volume or a cluster's.</summary>
    public static void Nfs(JsonObject source, string path, FieldErrors errors)
    {
        Needed(source, "server", path, errors);
        Needed(source, "path", path, errors);
        if (source.Text("path") is { Length: > 0 } exported && exported[0] != '/')
        {
            errors.Invalid($"{path}.path", exported, "must be an absolute path");
        }
    }

    /// <summary>A path may not lead upwards.</summary>
    public static void NoBackSteps(string file, string path, FieldErrors errors)
    {
        if (file.Split('/').Contains(".."))
        {
            errors.Invalid(path, file, "must not contain '..'");
        }
    }

    private static void Source(JsonObject volume, string path, FieldErrors errors)
    {
        var sources = volume.Where(m => m.Key != "name" && m.Value is JsonObject).Select(m => m.Key).ToArray();
        if (sources.Length == 0)
        {
            errors.Required(path, "must specify a volume type");
            return;
        }
        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 volume type");
        }
        var at = $"{path}.{sources[0]}";
        var source = volume.Child(sources[0])!;
        switch (sources[0])
        {
            case "emptyDir":
                if (source.Text("sizeLimit") is { Length: > 0 } limit && (!Quantity.TryParse(limit, out var size) || size.Sign < 0))
                {
                    errors.Forbidden($"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity");
                }
                break;
            case "hostPath":
                HostPath(source, at, errors);
                break;
            case "configMap":
                Needed(source, "name", at, errors);
                Files(source, at, errors);
                break;
            case "secret":
                Needed(source, "secretName", at, errors);
                Files(source, at, errors);
                break;
            case "downwardAPI":
                Mode(source, "defaultMode", at, errors);
                DownwardItems(source, at, errors);
                break;
            case "projected":
                Projected(source, at, errors);
                break;
            case "persistentVolumeClaim":
                Needed(source, "claimName", at, errors);
                break;
            case "nfs":
                Nfs(source, at, errors);
                break;
        }
    }

    private static void Projected(JsonObject projected, string path, FieldErrors errors)
    {
        Mode(projected, "defaultMode", path, errors);
        var files = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (source, at) in projected.Indexed("sources", path))
        {
            var kinds = source.Where(m => m.Value is JsonObject).Select(m => m.Key).ToArray();
            if (kinds.Length == 0)
            {
                errors.Required(at, "must specify a source");
                continue;
            }
            foreach (var extra in kinds.Skip(1))
            {
                errors.Forbidden($"{at}.{extra}", "may not specify more than 1 volume type");
            }
            var value = source.Child(kinds[0])!;
            switch (kinds[0])
            {
                case "configMap" or "secret":
                    Needed(value, "name", $"{at}.{kinds[0]}", errors);
                    Files(value, $"{at}.{kinds[0]}", errors);
                    foreach (var (item, _) in value.Indexed("items", at))
                    {
                        Unique(item.Text("path"), value.Text("name"));
                    }
                    break;
                case "downwardAPI":
                    DownwardItems(value, $"{at}.downwardAPI", errors);
                    foreach (var (item, _) in value.Indexed("items", at))
                    {
                        Unique(item.Text("path"), item.Text("path"));
                    }
                    break;
                case "clusterTrustBundle":
                    // Upstream names the field after its first version.
                    Needed(value, "path", $"{at}.clusterTrustBundlePEM", errors);
                    FilePath(value.Text("path"), $"{at}.clusterTrustBundlePEM.path", errors);
                    Unique(value.Text("path"), value.Text("path"));
                    break;
                case "podCertificate":
                    foreach (var field in (string[])["credentialBundlePath", "keyPath", "certificateChainPath"])
                    {
                        FilePath(value.Text(field), $"{at}.podCertificate.{field}", errors);
                        Unique(value.Text(field), value.Text(field));
                    }
                    break;
                case "serviceAccountToken":
                    // Upstream reports the path as a field of the volume.
                    Needed(value, "path", path, errors);
                    FilePath(value.Text("path"), $"{path}.path", errors);
                    if (value.Number("expirationSeconds") is < 600 and var seconds)
                    {
                        errors.Invalid(
                            $"{at}.serviceAccountToken.expirationSeconds",
                            seconds,
                            "may not specify a duration less than 10 minutes"
                        );
                    }
                    break;
            }
        }

        void Unique(string file, string shown)
        {
            if (file.Length > 0 && !files.Add(file))
            {
                errors.Invalid(path, shown, "conflicting duplicate paths");
            }
        }
    }

    private static void Files(JsonObject source, string path, FieldErrors errors)
    {
        Mode(source, "defaultMode", path, errors);
        foreach (var (item, at) in source.Indexed("items", path))
        {
            Needed(item, "key", at, errors);
            Needed(item, "path", at, errors);
            FilePath(item.Text("path"), $"{at}.path", errors);
            Mode(item, "mode", at, errors);
        }
    }

    private static void DownwardItems(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (item, at) in source.Indexed("items", path))
        {
            Needed(item, "path", at, errors);
            FilePath(item.Text("path"), $"{at}.path", errors);
            Mode(item, "mode", at, errors);
            var field = item.Child("fieldRef");
            var resource = item.Child("resourceFieldRef");
            if (field is not null)
            {
                EnvironmentValidation.FieldReference(field, $"{at}.fieldRef", forFile: true, errors);
                if (resource is not null)
                {
                    errors.Invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
                }
            }
            else if (resource is not null)
            {
                EnvironmentValidation.ResourceReference(resource, $"{at}.resourceFieldRef", forFile: true, errors);
            }
            else
            {
                errors.Required(at, "one of fieldRef and resourceFieldRef is required");
            }
        }
    }

    /// <summary>A text that must be there.</summary>
    public static void Needed(JsonObject value, string field, string path, FieldErrors errors)
    {
        if (value.Text(field).Length == 0)
        {
            errors.Required($"{path}.{field}");
        }
    }

    private static void Mode(JsonObject value, string field, string path, FieldErrors errors)
    {
        const int all = 511; // 0777
        if (value.Number(field) is { } mode and (< 0 or > all))
        {
            errors.Invalid($"{path}.{field}", mode, "must be a number between 0 and 0777 (octal), both inclusive");
        }
    }

    private static void FilePath(string file, string path, FieldErrors errors)
    {
        Descending(file, path, errors);
        if (file.StartsWith("..", StringComparison.Ordinal) && !file.Split('/').Contains(".."))
        {
            errors.Invalid(path, file, "must not start with '..'");
        }
    }

    private static void Descending(string file, string path, FieldErrors errors)
    {
        if (file.StartsWith('/'))
        {
            errors.Invalid(path, file, "must be a relative path");
        }
        NoBackSteps(file, path, errors);
    }
}
