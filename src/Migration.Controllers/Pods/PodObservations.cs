using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Pods;

/// <summary>What a launcher pod's status says.</summary>
public static class PodObservations
{
    extension(Pod pod)
    {
        public string Uid => pod.Metadata.Uid ?? "";

        public bool IsBound => !string.IsNullOrEmpty(pod.Spec?.NodeName);

        /// <summary>Its containers have ended.</summary>
        public bool IsFinished => pod.Status?.Phase is "Succeeded" or "Failed";

        /// <summary>It runs, or is to run.</summary>
        public bool IsActive => !pod.IsFinished && !pod.IsDeleting;

        /// <summary>Why no node was found for it, or null.</summary>
        public string? Unschedulable =>
            pod.Status?.Conditions.Find("PodScheduled") is { Status: Condition.False, Reason: "Unschedulable" } condition
                ? condition.Message ?? "no node fits"
                : null;

        /// <summary>Why a container waits (its image cannot be pulled, its configuration is wrong), or null.</summary>
        public string? WaitingReason =>
            pod.Status?.ContainerStatuses?.Select(status => status.State?.Waiting).FirstOrDefault(waiting => waiting?.Reason is not (null or "ContainerCreating" or "PodInitializing"))
                is { } waiting ? $"{waiting.Reason}: {waiting.Message}".TrimEnd(':', ' ') : null;

        /// <summary>In the runtime's word, why its image cannot be had, or null.</summary>
        public string? ImageProblem =>
            pod.Status?.ContainerStatuses?.Select(status => status.State?.Waiting?.Reason).FirstOrDefault(reason => reason is "ErrImagePull" or "ImagePullBackOff");

        /// <summary>For people: how it ended.</summary>
        public string Ending
        {
            get
            {
                if (pod.Status?.Message is { Length: > 0 } message)
                    return $"pod {pod.Metadata.Name}: {message}";
                var ended = pod.Status?.ContainerStatuses?.FirstOrDefault(status => status.Name == LauncherPods.Container)?.State?.Terminated;
                if (ended is not null)
                    return $"pod {pod.Metadata.Name}: the launcher ended with code {ended.ExitCode}{(ended.Message is { Length: > 0 } why ? ": " + why : "")}";
                return pod.IsDeleting ? $"pod {pod.Metadata.Name} was deleted" : $"pod {pod.Metadata.Name} {pod.Status?.Phase ?? "is gone"}";
            }
        }

        /// <summary>The instance whose launcher pod it is, or null.</summary>
        public ObjectKey? Instance =>
            pod.Metadata.Label(Labels.App) == Labels.Launcher && pod.Metadata.Annotation(Annotations.Domain) is { } name
                ? new ObjectKey(pod.Metadata.Namespace ?? "", name)
                : null;
    }
}
