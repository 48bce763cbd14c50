using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// Converts the containers project's seccomp profile, whose rules depend on capabilities and architecture, to the form that the OCI runtime
/// specification defines.
/// </summary>
internal sealed class SeccompProfile
{
    private readonly JsonObject _profile;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, JsonElement> _plain = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _compiled = new(StringComparer.Ordinal);

    private SeccompProfile(JsonObject profile) => _profile = profile;

    /// <summary>Parses a profile. Returns null when the document is not one.</summary>
    /// <exception cref="JsonException">The document is not JSON.</exception>
    public static SeccompProfile? TryParse(byte[] document) =>
        JsonNode.Parse(document) is JsonObject profile && profile["defaultAction"] is JsonValue && profile["syscalls"] is null or JsonArray
            ? new SeccompProfile(profile)
            : null;

    /// <summary>The profile for a container with these capabilities.</summary>
    public JsonElement For(IReadOnlyList<string> capabilities)
    {
        var key = string.Join(',', capabilities);
        lock (_lock)
        {
            if (!_plain.TryGetValue(key, out var plain))
            {
                plain = JsonSerializer.SerializeToElement(Resolve(capabilities), JsonNodeContext.Default.JsonObject);
                _plain.Add(key, plain);
            }
            return plain;
        }
    }

    /// <summary>
    /// The profile as BPF bytecode in base64, or null until <see cref="KeepCompiled"/> has stored it. crun accepts the bytecode instead of
    /// the profile. This saves the compilation, which is more than half of crun's work for a container (22 of 36 ms).
    /// </summary>
    public string? CompiledFor(IReadOnlyList<string> capabilities)
    {
        lock (_lock)
        {
            return _compiled.GetValueOrDefault(string.Join(',', capabilities));
        }
    }

    /// <summary>Stores the bytecode that crun compiled for a container with the profile of <see cref="For"/>.</summary>
    public void KeepCompiled(IReadOnlyList<string> capabilities, string file)
    {
        if (CompiledFor(capabilities) is null && File.Exists(file))
        {
            var compiled = Convert.ToBase64String(File.ReadAllBytes(file));
            lock (_lock)
            {
                _compiled[string.Join(',', capabilities)] = compiled;
            }
        }
    }

    private JsonObject Resolve(IReadOnlyList<string> capabilities)
    {
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var native = architecture == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
        var architectures = new JsonArray(native);
        foreach (var entry in _profile["archMap"]?.AsArray() ?? [])
        {
            if ((string?)entry!["architecture"] == native)
            {
                foreach (var sub in entry["subArchitectures"]?.AsArray() ?? [])
                {
                    architectures.Add(sub!.DeepClone());
                }
            }
        }
        // Profiles that were written for runtimes list the architectures themselves.
        foreach (var listed in _profile["architectures"] as JsonArray ?? [])
        {
            if (!architectures.Any(known => (string?)known == (string?)listed))
            {
                architectures.Add(listed!.DeepClone());
            }
        }
        var rules = new JsonArray();
        foreach (var rule in (_profile["syscalls"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (!Applies(rule, architecture, capabilities))
            {
                continue;
            }
            var plain = new JsonObject
            {
                ["names"] = rule["names"]?.DeepClone() ?? new JsonArray(rule["name"]?.DeepClone()),
                ["action"] = rule["action"]?.DeepClone(),
            };
            if (rule["errnoRet"] is { } number)
            {
                plain["errnoRet"] = number.DeepClone();
            }
            if (rule["args"] is JsonArray { Count: > 0 } arguments)
            {
                plain["args"] = arguments.DeepClone();
            }
            rules.Add(plain);
        }
        var resolved = new JsonObject
        {
            ["defaultAction"] = _profile["defaultAction"]!.DeepClone(),
            ["architectures"] = architectures,
            ["syscalls"] = rules,
        };
        if (_profile["defaultErrnoRet"] is { } fallback)
        {
            resolved["defaultErrnoRet"] = fallback.DeepClone();
        }
        return resolved;
    }

    private static bool Applies(JsonObject rule, string architecture, IReadOnlyList<string> capabilities) =>
        (List(rule, "includes", "arches") is not { Count: > 0 } arches || arches.Contains(architecture))
        && (List(rule, "includes", "caps") is not { Count: > 0 } needed || needed.All(capabilities.Contains))
        && List(rule, "excludes", "arches")?.Contains(architecture) != true
        && List(rule, "excludes", "caps")?.Any(capabilities.Contains) != true;

    private static List<string>? List(JsonObject rule, string condition, string field) =>
        (rule[condition] as JsonObject)?[field] is JsonArray values ? [.. values.Select(v => (string)v!)] : null;
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class JsonNodeContext : System.Text.Json.Serialization.JsonSerializerContext;
