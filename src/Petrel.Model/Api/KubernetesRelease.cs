namespace Petrel.Model.Api;

/// <summary>The release of Kubernetes whose API Petrel speaks.</summary>
public static class KubernetesRelease
{
    public const string Version = "v1.35.0";
}
