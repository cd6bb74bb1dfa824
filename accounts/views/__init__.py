"""The screens of the firm's books. Each view loads, authorises, calls one service and shows a page or goes to one."""
