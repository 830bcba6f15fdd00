/* Messages to a service manager. None that is lost matters to the tunnel, so none is waited for. */
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "inherit.h"
#include "notify.h"

enum { NS_PER_US = 1000 };

/* Half of what the manager grants, as it advises; 0 when it grants nothing to this process. */
static uint64_t watchdog_ns(void)
{
	const char *granted = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long us;

	if (!granted || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	errno = 0;
	us = strtoul(granted, NULL, 10);
	return errno || us > UINT32_MAX * 1000UL ? 0 : (uint64_t)us * NS_PER_US / 2;
}

int service_open(struct service *service)
{
	const char *address = getenv("NOTIFY_SOCKET");
	int fd;

	*service = SERVICE_NONE;
	if (!address)
		return 0;
	fd = notify_open(address);
	if (fd < 0)
		return fd;
	service->fd = fd;
	service->every_ns = watchdog_ns();
	return 0;
}

void service_close(struct service *service)
{
	if (service->fd >= 0)
		close(service->fd);
	*service = SERVICE_NONE;
}

void service_succeed(pid_t child, const char *interface)
{
	struct service service;
	char text[128];

	if (service_open(&service) < 0 || service.fd < 0)
		return;
	snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1\nSTATUS=%s can be configured", (int)child,
		interface);
	notify_send(service.fd, text, -1);
	service_close(&service);
}

void service_ready(struct service *service, const char *interface, int tun_fd, struct instant now)
{
	char text[128];

	if (service->fd < 0)
		return;
	/* A successor's device is in the store already, and nobody listens to it yet. */
	if (!service->is_successor) {
		notify_send(service->fd, "FDSTORE=1\nFDNAME=" INHERIT_TUN, tun_fd);
		snprintf(text, sizeof(text), "READY=1\nSTATUS=%s can be configured", interface);
		notify_send(service->fd, text, -1);
	}
	if (service->every_ns)
		service->next = instant_after(now, service->is_successor ? service->every_ns : 0);
}

void service_stopping(struct service *service)
{
	if (service->fd >= 0)
		notify_send(service->fd, "STOPPING=1\nSTATUS=Ending", -1);
}

void service_live(struct service *service, struct instant now)
{
	if (!instant_reached(now, service->next))
		return;
	notify_send(service->fd, "WATCHDOG=1", -1);
	service->next = instant_after(now, service->every_ns);
}

struct instant service_when(const struct service *service)
{
	return service->next;
}
